"""Calls of library functions by their full name: torch's by its table, a few others by hand, the rest unseen."""

from __future__ import annotations

from collections.abc import Callable

from mhlint.autograd import gradients, modules, operations, optimizers, tensors, unseen, wrappers
from mhlint.autograd.builtin_names import call_builtin
from mhlint.autograd.computing import compute
from mhlint.autograd.contexts import grad_mode
from mhlint.autograd.copying import deep_copy, shallow_copy
from mhlint.autograd.distributions import make_distribution
from mhlint.autograd.frames import ProgramExits
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import elements
from mhlint.autograd.loading import make_loader, make_tensor_dataset
from mhlint.autograd.machine import Machine
from mhlint.autograd.table import result_of
from mhlint.autograd.trace import Misuse
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Mapping,
    Method,
    Module,
    Object,
    Partial,
    Sequence,
    Tensor,
    Value,
    is_none,
    tensors_in,
)
from mhlint.syntax.program import Site

Args = list[Value]
Keywords = dict[str, Value]
Handler = Callable[[Machine, Args, Keywords, Site | None], Value]

_MODEL_MAKERS = (
    "torchvision.models",
    "timm.",
    "segmentation_models_pytorch",
    "torch.hub.load",
    "efficientnet_pytorch",
)
_HARMLESS = ("builtins.", "logging.", "os.", "time.", "json.", "sys.", "math.", "random.", "numpy.", "wandb.", "tqdm",
             "matplotlib", "argparse.", "collections.", "warnings.", "datetime.", "pathlib.", "tensorboard", "shutil.",
             "torch.save", "torch.manual_seed", "torch.cuda.", "torchvision.utils", "pandas.")  # fmt: skip


def call_library(machine: Machine, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """The result of calling the library object `name`."""
    if name.startswith("builtins."):
        known = call_builtin(machine, name[9:], args, keywords, site)
        if known is not None:
            return known
        if name in ("builtins.exit", "builtins.quit"):
            raise ProgramExits
    if name in machine.backward_calls:
        return wrappers.backward_by_wrapper(machine, name, args, keywords, site, Level.CERTAIN)
    computed = compute(name, args, keywords) if name.startswith("math.") else None
    if computed is not None:
        return computed
    handler = _HANDLERS.get(name)
    if handler is not None:
        return handler(machine, args, keywords, site)
    for prefix, by_prefix in _PREFIXES.items():
        if name.startswith(prefix):
            made = by_prefix(machine, name[len(prefix) :], args, keywords, site)
            if made is not None:
                return made
    if name.startswith("torch.Tensor.") and args and isinstance(args[0], Tensor):
        return machine.call(machine, Method(args[0], name.removeprefix("torch.Tensor.")), args[1:], keywords, site)
    row = operations.operation(name)
    if row is not None:
        return result_of(machine, row, args, keywords, site)
    if name in wrappers.KINDS:
        return Object(wrappers.KINDS[name])
    if name.startswith(_MODEL_MAKERS) or name.endswith((".from_pretrained", ".from_config")):
        made_model = machine.unknown(name.rpartition(".")[2])
        made_model.module = Level.LIKELY if "okeniz" not in name and "Config" not in name else Level.NO
        return made_model
    label = name.rpartition(".")[2]
    values = [*args, *keywords.values()]
    if name.startswith(_HARMLESS):
        return machine.unknown(label)
    if name.startswith("torch.") and name.count(".") == 1:
        given = [tensor for value in values for tensor in tensors_in(value)]
        return tensors.make(machine, label, given, Level.MAYBE, site, edges=Level.MAYBE)
    return unseen.opaque_result(machine, label, values, site)


def _nn(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
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
        return modules.make_module(machine, kind, args, keywords, site)
    return None


def _optim(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    if "." not in kind and kind[:1].isupper():
        return optimizers.make_optimizer(machine, kind, args, keywords, site)
    return Object("scheduler") if kind.startswith("lr_scheduler.") else None


def _clip(machine: Machine, kind: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    if not kind.startswith("clip_grad"):
        if kind in (
            "spectral_norm",
            "weight_norm",
            "parametrizations.spectral_norm",
            "parametrizations.weight_norm",
        ):
            return args[0] if args else NONE
        if kind == "vector_to_parameters" and len(args) > 1:
            for tensor in optimizers.held(machine, args[1])[0]:
                tensors.write(machine, tensor, kind, site, seen=False)
            return NONE
        return None
    found, _ = optimizers.held(machine, args[0] if args else NONE)
    gradients.clip(machine, found, site)
    return machine.unknown("norm")


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
    made = modules.parameter(machine, site, "")
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


def _partial(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Partial(args[0], tuple(args[1:]), tuple(keywords.items())) if args else machine.unknown("partial")


def _reduce(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, _ = elements(machine, args[1], site) if len(args) > 1 else ([], True)
    total = args[2] if len(args) > 2 else items.pop(0) if items else NONE
    for item in items:
        total = machine.call(machine, args[0], [total, item], {}, site)
    return total


def _chain(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    parts = [elements(machine, arg, site) for arg in args]
    return Sequence([item for items, _ in parts for item in items], exact=all(sure for _, sure in parts))


def _copy(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return shallow_copy(args[0]) if args else NONE


def _deepcopy(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return deep_copy(machine, args[0], site) if args else NONE


def _checkpoint(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if not args:
        return machine.unknown("checkpoint")
    rest = {k: v for k, v in keywords.items() if k not in ("use_reentrant", "preserve_rng_state", "context_fn")}
    since = machine.next_serial()
    result = machine.call(machine, args[0], args[1:], rest, site)
    reentrant = keywords.get("use_reentrant") == TRUE
    region, start = ("reentrant checkpoint", 0) if reentrant else ("checkpoint", since)
    modules.mark_region(machine, result, region, tensors.site_of(machine, site), start)
    return result


def _compile(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if not args:
        return Partial(Method(NONE, "compile"), (), ())
    value = args[0]
    backend = keywords.get("backend")
    if backend != Const("eager"):
        if isinstance(value, (Instance, Module, Function)):
            value.region = "torch.compile"
    return value


def _first(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return args[0] if args else NONE


def _exit(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    raise ProgramExits


def _defaultdict(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Mapping({}, default=args[0] if args and not isinstance(args[0], Const) else None)


def _deque(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0], site) if args else ([], True)
    bound = keywords.get("maxlen", args[1] if len(args) > 1 else NONE)
    most = bound.value if isinstance(bound, Const) and isinstance(bound.value, int) else None
    kept = items if most is None or not exact else items[len(items) - min(most, len(items)) :]
    return Sequence(kept, "list" if is_none(bound) else "deque", exact, most=most)


def _namedtuple(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    import ast

    names: tuple[str, ...] = ()
    if len(args) > 1 and isinstance(args[1], Const) and isinstance(args[1].value, str):
        names = tuple(args[1].value.replace(",", " ").split())
    elif len(args) > 1 and isinstance(args[1], Sequence):
        names = tuple(str(item.value) for item in args[1].items if isinstance(item, Const))
    assert site is not None
    made = ClassValue(ast.ClassDef("record", [], [], [], []), site.program, ())
    made.record, made.record_fields = "tuple", names
    return made


def _dataclass_field(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if "default_factory" in keywords:
        return Mapping({"default_factory": keywords["default_factory"]})
    return keywords.get("default", machine.unknown("field"))


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
    result.unseen_call = True
    return result


def _no_effect(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return machine.unknown("value")


_HANDLERS: dict[str, Handler] = {
    "torch.no_grad": _mode(False), "torch.inference_mode": _mode(False), "torch.enable_grad": _mode(True),
    "torch.autograd.no_grad": _mode(False), "torch.autograd.grad_mode.no_grad": _mode(False),
    "torch.set_grad_enabled": _set_grad_enabled, "torch.autograd.set_grad_enabled": _set_grad_enabled,
    "torch.is_grad_enabled": _is_grad_enabled,
    "torch.autograd.backward": wrappers.autograd_backward,
    "torch.autograd.grad": wrappers.autograd_grad,
    "torch.autograd.Variable": _variable, "torch.autograd.variable.Variable": _variable,
    "torch.nn.Parameter": _parameter, "torch.nn.parameter.Parameter": _parameter,
    "torch.tensor": _tensor, "torch.as_tensor": _tensor,
    "functools.partial": _partial, "functools.reduce": _reduce, "itertools.chain": _chain,
    "itertools.chain.from_iterable": lambda m, a, k, s: _chain(m, elements(m, a[0], s)[0] if a else [], k, s),
    "copy.deepcopy": _deepcopy, "copy.copy": _copy,
    "torch.utils.checkpoint.checkpoint": _checkpoint, "torch.compile": _compile,
    "torch.jit.script": _first, "torch.jit.trace": _first, "tqdm.tqdm": _first, "tqdm.auto.tqdm": _first,
    "tqdm.notebook.tqdm": _first, "tqdm.trange": lambda m, a, k, s: call_library(m, "builtins.range", a, {}, s),
    "typing.cast": lambda m, a, k, s: a[1] if len(a) > 1 else NONE, "functools.wraps": _no_effect,
    "sys.exit": _exit, "os._exit": _exit, "collections.defaultdict": _defaultdict, "collections.deque": _deque,
    "collections.OrderedDict": lambda m, a, k, s: call_library(m, "builtins.dict", a, k, s),
    "collections.namedtuple": _namedtuple, "dataclasses.field": _dataclass_field,
    "torch.amp.GradScaler": _scaler, "apex.amp.scale_loss": _scale_loss, "apex.amp.initialize": _all_args,
    "torch.func.functional_call": _functional_call, "torch.nn.utils.stateless.functional_call": _functional_call,
    "torch.utils.data.DataLoader": make_loader, "torch.utils.data.dataloader.DataLoader": make_loader,
    "torch.utils.data.TensorDataset": make_tensor_dataset,
    "contextlib.ExitStack": lambda *_: Object("exit stack"),
    "deepspeed.initialize": _deepspeed, "types.SimpleNamespace": lambda m, a, k, s: Object("namespace", {}, dict(k)),
}  # fmt: skip

_Prefixed = Callable[[Machine, str, Args, Keywords, Site | None], "Value | None"]
_PREFIXES: dict[str, _Prefixed] = {
    "torch.nn.utils.": _clip, "torch.nn.": _nn, "torch.optim.": _optim,
    "torch.distributed.fsdp.": _nn, "torch.distributions.": make_distribution,
}  # fmt: skip
