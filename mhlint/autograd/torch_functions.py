"""Calls of torch, and of what wraps it, that are no operations: gradient modes, parameters, checkpoints, engines."""

from __future__ import annotations

from dataclasses import replace

from mhlint.autograd import checkpoints, gradients, operations, optimizers, tensors, unseen
from mhlint.autograd.checkpoints import without_versions
from mhlint.autograd.contexts import grad_mode
from mhlint.autograd.copying import deep_copy
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_forward import compiles
from mhlint.autograd.module_making import make_module
from mhlint.autograd.module_parameters import known_parameters, parameter
from mhlint.autograd.packed_sequences import call_rnn_utility
from mhlint.autograd.table import result_of
from mhlint.autograd.trace import Hook, Misuse
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    Bound,
    Const,
    Function,
    Instance,
    Module,
    Native,
    Object,
    Sequence,
    Tensor,
    Value,
    tensors_in,
)
from mhlint.syntax.program import Site


def nn(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """`torch.nn.KIND`: a function, an initialiser or a module; None for the rest."""
    if kind.startswith("functional."):
        row = operations.operation(f"torch.nn.{kind}")
        return None if row is None else result_of(machine, row, args, keywords, site)
    if kind.startswith("init."):
        for tensor in tensors_in(args[0] if args else NONE):
            tensors.write(machine, tensor, f"nn.{kind}", site)
        return args[0] if args else NONE
    if kind.startswith("parallel."):
        kind = kind.removeprefix("parallel.")
    if "." not in kind and kind[:1].isupper():
        return make_module(machine, kind, args, keywords, site)
    return None


def optim(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """`torch.optim.KIND`: an optimizer, a scheduler, or a model that averages another one."""
    if kind == "swa_utils.AveragedModel" and args:
        return make_module(machine, "AveragedModel", [deep_copy(machine, args[0], site)], {}, site)
    if "." not in kind and kind[:1].isupper():
        return optimizers.make_optimizer(machine, kind, args, keywords, site)
    return Object("scheduler") if kind.startswith("lr_scheduler.") else None


# What makes a layer's weight of others in each forward. Norms keep those for the walk; what a function of the
# project's own keeps is not known (FACTS F49).
_COMPUTING = {
    "spectral_norm": Level.CERTAIN,
    "weight_norm": Level.CERTAIN,
    "parametrizations.spectral_norm": Level.CERTAIN,
    "parametrizations.weight_norm": Level.CERTAIN,
    "parametrizations.orthogonal": Level.MAYBE,
    "parametrize.register_parametrization": Level.MAYBE,
}
_NUMBER_OF_RESULTS = {"jacobian": 1, "hessian": 1, "vjp": 2, "jvp": 2, "vhp": 2, "hvp": 2}


def functional(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """`torch.autograd.functional.KIND`: without `create_graph=True` what it gives has no graph."""
    count = _NUMBER_OF_RESULTS.get(kind)
    if count is None or "create_graph" in keywords or len(args) > 4 - (count == 1) * 2:
        return None
    inputs = args[1] if len(args) > 1 else keywords.get("inputs")
    if not isinstance(inputs, Tensor):
        return None
    made = [tensors.leaf(machine, site) for _ in range(count)]
    return made[0] if count == 1 else Sequence(list(made), "tuple")


def foreach(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """`torch._foreach_add_(tensors, ...)` and its kin: each tensor of a list is written."""
    if not kind.endswith("_"):
        return None
    for tensor in optimizers.held(machine, args[0] if args else NONE)[0]:
        if tensor.grad_of is not None:
            gradients.clip(machine, [tensor.grad_of], site)
        else:
            tensors.write(machine, tensor, f"torch._foreach_{kind}", site)
    return NONE


def nn_utility(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """`torch.nn.utils.KIND`: clipping, reparametrising, writing all parameters at once."""
    if kind.startswith("rnn."):
        return call_rnn_utility(machine, kind.removeprefix("rnn."), args, keywords, site)
    if not kind.startswith("clip_grad"):
        if kind in _COMPUTING:
            return _computed(args, keywords, _COMPUTING[kind])
        if kind == "vector_to_parameters" and len(args) > 1:
            for tensor in optimizers.held(machine, args[1])[0]:
                tensors.write(machine, tensor, kind, site, seen=False)
            return NONE
        return None
    found, _ = optimizers.held(machine, args[0] if args else NONE)
    gradients.clip(machine, found, site)
    return machine.unknown("norm")


def _computed(args: Args, keywords: Keywords, keeps: Level) -> Value:
    """A module that makes its weight of others in each forward, and how surely the making keeps those."""
    module = args[0] if args else keywords.get("module", NONE)
    name = keywords.get("name", keywords.get("tensor_name", args[1] if len(args) > 1 else Const("weight")))
    if isinstance(module, Module) and isinstance(name, Const):
        module.computed[str(name.value)] = keeps
    return module


def _variable(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`Variable(t)` is `t` itself, its graph too, or with `requires_grad=True` a fresh leaf."""
    where = tensors.site_of(machine, site)
    machine.emit(Misuse, where, kind="variable", name="Variable", values=tuple(args))
    value = args[0] if args else keywords.get("data", NONE)
    tensor = tensors.as_tensor(machine, value, site)
    if tensor is None:
        return value
    flag = keywords.get("requires_grad", args[1] if len(args) > 1 else None)
    # Variable(x) of a tensor with a graph detaches it: the result is a new leaf over the same data.
    result = tensors.detach(machine, tensor, site)
    if flag is not None:
        result.requires_grad = bool(flag.value) if isinstance(flag, Const) else None
        if result.requires_grad and tensor.graph() is None and tensor.elements == 1:
            result.silenced_at = where
    elif tensor.requires_grad is None and tensor.node is None:
        result.requires_grad = False
    return result


def _parameter(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    made = parameter(machine, site, "")
    flag = keywords.get("requires_grad", args[1] if len(args) > 1 else TRUE)
    made.requires_grad = bool(flag.value) if isinstance(flag, Const) else None
    if args and isinstance(args[0], Tensor):
        made.elements, made.detached_from = args[0].elements, args[0]
    return made


def _tensor(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`torch.tensor(data)` copies and cuts (FACTS F79, F81)."""
    flag = keywords.get("requires_grad", FALSE)
    wants = bool(flag.value) if isinstance(flag, Const) else None
    result = tensors.leaf(machine, site, requires_grad=wants)
    given = tensors_in(args[0]) if args else []
    if isinstance(args[0] if args else None, Tensor):
        result.detached_from, result.elements = given[0], given[0].elements
        if wants and given[0].elements == 1:
            result.silenced_at = tensors.site_of(machine, site)
    elif args and isinstance(args[0], Const) and isinstance(args[0].value, (int, float)):
        result.elements = 1
    elif args and isinstance(args[0], Sequence) and args[0].exact and len(args[0].items) > 1:
        result.elements = 2
    return result


def _as_tensor(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`torch.as_tensor(t)` is the tensor `t` itself, or a copy with its graph; other data become a new one."""
    row = operations.operation("torch.asarray")
    tensor = tensors.as_tensor(machine, args[0], site) if args else None
    if row is None or tensor is None:
        return _tensor(machine, args, keywords, site)
    return result_of(machine, row, [tensor, *args[1:]], keywords, site)


def _constructor(name: str) -> Handler:
    """`torch.Tensor(t)` is a view of `t`, with its graph; sizes and other data make a new one."""

    def call(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        if len(args) == 1 and isinstance(args[0], Tensor):
            return tensors.view(machine, args[0], name, site)
        row = operations.operation(f"torch.{name}")
        return tensors.leaf(machine, site) if row is None else result_of(machine, row, args, keywords, site)

    return call


def _mode(enabled: bool) -> Handler:
    def make(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        callee = args[0] if args else None
        if isinstance(callee, (Function, Bound)):
            function = callee.function if isinstance(callee, Bound) else callee
            function.grad_mode = enabled
            return callee
        flag = args[0] if args else keywords.get("mode", TRUE)
        if isinstance(flag, Const):
            return grad_mode(Const(enabled) if flag.value else TRUE)
        return grad_mode(flag)

    return make


def _set_grad_enabled(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    # It takes effect at once, and a `with` around it takes that back at its end.
    mode = grad_mode(args[0] if args else keywords.get("mode", TRUE))
    enabled = mode.settings["enabled"]
    if isinstance(enabled, Const):
        mode.settings["before"] = Const(machine.grad_enabled)
        machine.grad_enabled = bool(enabled.value)
    return mode


def _is_grad_enabled(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return machine.unknown("is_grad_enabled") if machine.grad_enabled is None else Const(machine.grad_enabled)


def _data_parallel(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`data_parallel(module, inputs, devices)`: the module runs in copies, which no later step changes."""
    module = args[0] if args else keywords.get("module", machine.unknown("module"))
    inputs = args[1] if len(args) > 1 else keywords.get("inputs", machine.unknown("inputs"))
    given = list(inputs.items) if isinstance(inputs, Sequence) and inputs.kind == "tuple" else [inputs]
    return without_versions(machine, module, given, {}, site)


def _compile(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`torch.compile(function)` is another function; `torch.compile(backend=...)` waits for one."""
    if not args:
        return Native("compile", lambda machine, given, _, site: _compile(machine, given, keywords, site))
    value = args[0]
    if not compiles(keywords):
        return value
    if isinstance(value, Bound):
        return replace(value, function=replace(value.function, region="torch.compile"))
    if isinstance(value, Function):
        return replace(value, region="torch.compile")
    if isinstance(value, (Instance, Module)):
        value.region = "torch.compile"
    return value


def _first(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return args[0] if args else NONE


def _scaler(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Object("scaler", dict(keywords))


def _scale_loss(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Object("scaled loss", {"loss": unseen.scaled(machine, args[0], site) if args else NONE})


def _all_args(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return args[0] if len(args) == 1 else Sequence(list(args), "tuple")


def _deepspeed(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    model = keywords.get("model", args[1] if len(args) > 1 else NONE)
    optimizer = keywords.get("optimizer", args[2] if len(args) > 2 else machine.unknown("optimizer"))
    engine = Object("engine", {"model": model, "optimizer": optimizer})
    return Sequence([engine, optimizer, machine.unknown("loader"), machine.unknown("scheduler")], "tuple")


def _functional_call(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`torch.func.functional_call(module, parameters, args)`: a forward with other parameters."""
    given = [tensor for value in (*args[1:], *keywords.values()) for tensor in tensors_in(value)]
    machine.randomness += 1
    result = tensors.make(machine, "functional_call", given, Level.LIKELY, site)
    if result.node is None and args:
        # What is not given it takes from the module itself.
        own = known_parameters(machine, args[0])
        result = tensors.make(machine, "functional_call", [*given, *own], Level.LIKELY, site, edges=Level.MAYBE)
    result.unseen_call = True
    return result


def _pretrained_table(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`Embedding.from_pretrained(table, freeze=True)`."""
    made = nn(machine, "Embedding", [machine.unknown("rows"), machine.unknown("width")], {}, site)
    flag = args[1] if len(args) > 1 else keywords.get("freeze", TRUE)
    if isinstance(made, Module):
        for held in made.parameters.values():
            held.requires_grad = not flag.value if isinstance(flag, Const) else None
    return NONE if made is None else made


def _watch_walks(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """A hook that is called in walks, whatever module or tensor they pass."""
    machine.emit(Hook, tensors.site_of(machine, site), target=machine.unknown("hook"))
    return machine.unknown("handle")


CALLS: dict[str, Handler] = {
    "torch.autograd.graph.register_multi_grad_hook": _watch_walks,
    **{
        f"torch.nn.modules.module.register_module_{kind}_hook": _watch_walks
        for kind in ("backward", "full_backward", "full_backward_pre")
    },
    "torch.nn.parallel.data_parallel": _data_parallel,
    "torch.nn.Embedding.from_pretrained": _pretrained_table,
    "torch.no_grad": _mode(False), "torch.inference_mode": _mode(False), "torch.enable_grad": _mode(True),
    "torch.autograd.no_grad": _mode(False), "torch.autograd.grad_mode.no_grad": _mode(False),
    "torch.set_grad_enabled": _set_grad_enabled, "torch.autograd.set_grad_enabled": _set_grad_enabled,
    "torch.is_grad_enabled": _is_grad_enabled,
    # What was saved may be a network, a dict, or a tensor that requires grad again.
    "torch.load": lambda machine, *_: machine.unknown("load"),
    "torch.autograd.Variable": _variable, "torch.autograd.variable.Variable": _variable,
    "torch.nn.Parameter": _parameter, "torch.nn.parameter.Parameter": _parameter,
    "torch.tensor": _tensor, "torch.as_tensor": _as_tensor,
    "torch.Tensor": _constructor("Tensor"), "torch.FloatTensor": _constructor("FloatTensor"),
    **checkpoints.CALLS, "torch.compile": _compile,
    "torch.vmap": _first, "torch.func.vmap": _first,
    "torch.jit.script": _first, "torch.jit.trace": _first,
    "tqdm.tqdm": _first, "tqdm.auto.tqdm": _first, "tqdm.notebook.tqdm": _first,
    "torch.amp.GradScaler": _scaler, "apex.amp.scale_loss": _scale_loss, "apex.amp.initialize": _all_args,
    "torch.func.functional_call": _functional_call, "torch.nn.utils.stateless.functional_call": _functional_call,
    "deepspeed.initialize": _deepspeed,
}  # fmt: skip
