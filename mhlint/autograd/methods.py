"""Methods of the values that the machine models: tensors, modules, objects, and `super()`."""

from __future__ import annotations

import ast

from mhlint.autograd import (
    gradients,
    lightning_loop,
    operations,
    optimizers,
    own_optimizers,
    tensors,
    trainer_kinds,
    trainer_loops,
    unseen,
    wrappers,
)
from mhlint.autograd.attribute_stores import set_requires_grad
from mhlint.autograd.attributes import LIGHTNING_METHODS, optimizer_base
from mhlint.autograd.command_lines import call_parser
from mhlint.autograd.containers import call_container
from mhlint.autograd.contexts import unwind
from mhlint.autograd.custom_function import apply_function
from mhlint.autograd.distributions import call_distribution
from mhlint.autograd.frames import Frame
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Keywords
from mhlint.autograd.iteration import Generator
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import looks_like_module
from mhlint.autograd.module_methods import call_module_method
from mhlint.autograd.table import result_of
from mhlint.autograd.trace import Clip, Hook, Step
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    ClassValue,
    Const,
    Instance,
    Mapping,
    Method,
    Module,
    Object,
    Optimizer,
    Partial,
    Sequence,
    Super,
    Tensor,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site


def make_super(machine: Machine, frame: Frame, node: ast.Call) -> Value:
    """`super()` and `super(Class, self)`."""
    home: Frame | None = frame
    while home is not None and home.receiver is None:
        home = home.parent
    if home is None or home.receiver is None or home.owner is None:
        return machine.unknown("super()")
    owner = home.owner
    if node.args:
        named = machine.evaluate(machine, frame, node.args[0])
        owner = named if isinstance(named, ClassValue) else owner
    return Super(owner, home.receiver)


def call_method(machine: Machine, owner: Value, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """Call the method `name` of a modelled value."""
    if isinstance(owner, Tensor):
        return _of_tensor(machine, owner, name, args, keywords, site)
    if isinstance(owner, Optimizer):
        return optimizers.call_optimizer(machine, owner, name, args, keywords, site)
    if isinstance(owner, Object):
        return _of_object(machine, owner, name, args, keywords, site)
    if isinstance(owner, Module):
        return call_module_method(machine, owner, name, args, keywords, site)
    if isinstance(owner, Instance):
        return _of_instance(machine, owner, name, args, keywords, site)
    if isinstance(owner, ClassValue) and name == "apply":
        return apply_function(machine, owner, args, keywords, site)
    if isinstance(owner, (Sequence, Mapping, Const, Generator)) and owner != NONE:
        return call_container(machine, owner, name, args, keywords, site)
    return machine.unknown(name, tuple(tensor for arg in args for tensor in tensors_in(arg)))


def _of_instance(
    machine: Machine, owner: Instance, name: str, args: Args, keywords: Keywords, site: Site | None
) -> Value:
    if name == "<begin>":
        if optimizer_base(owner.cls):
            return own_optimizers.begin(machine, owner, args, keywords, site)
        return trainer_loops.begin(machine, owner, args, keywords)
    if "<trainer>" in owner.attributes and name in trainer_kinds.METHODS:
        return trainer_loops.call(machine, owner, name, args, keywords, site)
    if own_optimizers.inner(owner) is not None:
        return own_optimizers.call(machine, owner, name, args, keywords, site)
    if name == "manual_backward":
        return wrappers.backward_by_wrapper(machine, name, args, keywords, site, Level.CERTAIN)
    if name in LIGHTNING_METHODS:
        if name == "optimizers":
            return lightning_loop.configured(machine, owner)
        return NONE
    if looks_like_module(owner.cls):
        return call_module_method(machine, owner, name, args, keywords, site)
    return unseen.opaque_result(machine, f"self.{name}", [*args, *keywords.values()], site)


def _of_object(machine: Machine, owner: Object, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value:
    first = args[0] if args else NONE
    if owner.kind == "distribution":
        return call_distribution(machine, owner, name, args, keywords, site)
    if owner.kind == "scaler":
        if name == "scale" and owner.settings.get("enabled") == FALSE:
            return first
        if name == "scale":
            return unseen.scaled(machine, first, site)
        if name == "step" and isinstance(first, Optimizer):
            return optimizers.step(machine, first, args[1:], site, Level.LIKELY)
        if name == "step" and isinstance(first, Instance):
            step = machine.member(machine, first, "step") or Method(first, "step")
            return machine.call(machine, step, args[1:], keywords, site)
        if name == "unscale_":
            held = first.parameters if isinstance(first, Optimizer) else []
            machine.emit(Clip, tensors.site_of(machine, site), tensors=tuple(held))
        return NONE
    if owner.kind in ("accelerator", "fabric", "engine"):
        return _of_wrapper(machine, owner, name, args, keywords, site)
    if owner.kind == "exit stack" and name == "enter_context" and isinstance(first, Object):
        enabled = first.settings.get("enabled") if first.kind == "grad mode" else None
        if enabled is not None:
            machine.grad_enabled = bool(enabled.value) if isinstance(enabled, Const) else None
            return NONE
    if owner.kind == "hook handle" and name in ("remove", "__exit__"):
        hooks, hook = owner.settings["hooks"], owner.settings["hook"]
        if isinstance(hooks, Sequence) and hook in hooks.items:
            machine.effects += 1
            hooks.items.remove(hook)
        return NONE
    if owner.kind == "exit stack" and name == "callback" and args:
        waiting = owner.settings.setdefault("callbacks", Sequence([]))
        assert isinstance(waiting, Sequence)
        waiting.items.append(Partial(first, tuple(args[1:]), tuple(keywords.items())))
        return first
    if owner.kind == "exit stack" and name == "close":
        unwind(machine, owner)
        return NONE
    if owner.kind == "iterator" and name in ("__next__", "next"):
        return machine.unknown("next")
    if owner.kind == "lightning trainer" and name == "fit":
        return lightning_loop.fit(machine, owner, args, keywords, site)
    if owner.kind in ("hf trainer", "skorch net", "ignite engine"):
        return trainer_loops.call(machine, owner, name, args, keywords, site)
    if owner.kind == "parser":
        return call_parser(machine, owner, name, args, keywords)
    if owner.kind == "scheduler":
        return NONE
    return machine.unknown(name, tuple(tensor for arg in args for tensor in tensors_in(arg)))


def _of_wrapper(machine: Machine, owner: Object, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if name == "backward":
        return wrappers.backward_by_wrapper(machine, f"{owner.kind}.backward", args, keywords, site, Level.CERTAIN)
    if name in ("prepare", "setup", "setup_dataloaders", "prepare_model", "setup_module", "setup_optimizers"):
        return args[0] if len(args) == 1 else Sequence(list(args), "tuple")
    if name == "step" and owner.kind == "engine":
        held = owner.settings.get("optimizer")
        if isinstance(held, Optimizer):
            # Its own optimizers may write a copy back in a way that the version counter does not see.
            optimizers.step(machine, held, [], site, Level.LIKELY)
            gradients.clear(machine, held.parameters, site, exact=True, to_none=True)
        else:
            machine.emit(Step, tensors.site_of(machine, site), optimizer=None, changed={})
        return NONE
    if name.startswith("clip_grad") or name == "clip_gradients":
        found, _ = optimizers.held(machine, args[0] if args else NONE)
        gradients.clip(machine, found, site)
        return machine.unknown("norm")
    if name in ("unwrap_model", "autocast", "accumulate", "no_sync"):
        return args[0] if args and name == "unwrap_model" else machine.unknown(name)
    if owner.kind == "engine" and name in ("forward", "parameters", "train", "eval", "named_parameters"):
        model = owner.settings["model"]
        if isinstance(model, (Module, Instance)):
            return call_module_method(machine, model, name, args, keywords, site)
    return machine.unknown(name)


def _of_tensor(machine: Machine, owner: Tensor, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if name == "backward":
        first = args[0] if args else None
        if owner.unseen_call and isinstance(first, Tensor) and first.graph() is not None and first.grad_of is None:
            return wrappers.backward_by_wrapper(machine, "engine.backward", args, keywords, site, Level.LIKELY)
        return wrappers.tensor_backward(machine, owner, args, keywords, site)
    if name == "detach":
        return tensors.detach(machine, owner, site)
    if name == "data_ptr":
        return machine.derived("address", (owner.storage,), "data_ptr()")
    if name == "detach_":
        machine.effects += 1
        owner.node, owner.requires_grad = None, False
        return owner
    if name == "requires_grad_":
        set_requires_grad(machine, owner, args[0] if args else keywords.get("requires_grad", TRUE), site)
        return owner
    if name == "retain_grad":
        owner.retains_grad = True
        machine.effects += 1
        return NONE
    if name in ("register_hook", "register_post_accumulate_grad_hook"):
        owner.hooked = True
        if name == "register_post_accumulate_grad_hook" and args:
            after = owner.attributes.setdefault("<after>", Sequence([]))
            assert isinstance(after, Sequence)
            after.items.append(args[0])
        machine.emit(Hook, tensors.site_of(machine, site), target=owner)
        return machine.unknown("handle")
    if owner.grad_of is not None and name.endswith("_"):
        return _on_gradient(machine, owner.grad_of, name, site)
    memory = owner.attributes.get("<memory>")
    row = operations.method(name)
    if row is not None:
        if memory is not None and name.endswith("_") and not name.endswith("__"):
            tensors.write(machine, owner, f"{name}() on .data", site)
            return owner
        return result_of(machine, row, [owner, *args], keywords, site)
    if owner.unseen_call and name in ("get", "pop") and args and isinstance(args[0], Const):
        return tensors.part_of(machine, owner, key_of(args[0]), site)
    values = [owner, *args, *keywords.values()]
    if owner.unseen_call:
        if name in ("items", "values", "keys"):
            return machine.unknown(name, tuple(tensors_in(owner)))
        given = [tensor for value in values for tensor in tensors_in(value)]
        if name in ("log_prob", "entropy", "rsample"):
            result = tensors.make(machine, name, given, Level.LIKELY, site, edges=Level.LIKELY)
            return result
        if name in ("sample", "act", "mode"):
            return tensors.leaf(machine, site, requires_grad=None)
    return unseen.opaque_result(machine, name, values, site)


def _on_gradient(machine: Machine, tensor: Tensor, name: str, site: Site | None) -> Value:
    if name in ("zero_", "fill_", "detach_"):
        if name != "detach_":
            gradients.clear_one(machine, tensor, site, to_none=False)
    else:
        gradients.clip(machine, [tensor], site)
    result = tensors.leaf(machine, site)
    result.grad_of = tensor
    return result
