"""Calls of what was not seen: a module if it acts as one, a loss if it is called one, else anything."""

from __future__ import annotations

import re

from mhlint.autograd import escapes, gradients, module_forward, module_parameters, operations, tensors, wrappers
from mhlint.autograd.attribute_stores import set_requires_grad
from mhlint.autograd.attributes import MODULE_METHODS
from mhlint.autograd.computing import is_settled
from mhlint.autograd.given_away import forget_what_it_stores
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import acts_as_module
from mhlint.autograd.trace import Hook, Step, Unseen
from mhlint.autograd.values import (
    MADE_FROM,
    NONE,
    ORIGIN,
    Const,
    Instance,
    Module,
    Optimizer,
    Sequence,
    Tensor,
    Unknown,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

_LOSS = re.compile(
    r"(^|_)(loss|criterion|crit|cross_?entropy|bce|mse|l1|nll|ce)(_?(fn|fun|func|function|criterion))?(_|\d|$)|Loss$"
)
_HARMLESS = re.compile(
    r"(^|\.)(log|logger|logging|print|writer|wandb|tb|tqdm|pbar|bar|meter|metrics?|plt|vis|json|os|time|console|info|"
    r"debug|warning|update|add_scalars?|add_image|set_postfix|set_description|report|format|accuracy|write)(\b|_)"
)


_PREPARES = re.compile(
    r"(^|_)(to|cuda|device|load|loader|batch|collate|prep\w*|normali[sz]e|crop|resize|aug\w*|transforms?|tensors?|var|"
    r"variable|make|envs?|config|cfg|args|options|parse\w*|noise|sample|rand\w*|read|next|get|array|numpy|np|data|"
    r"labels?|targets?|masks?|zeros|ones)(_|\d|$)|"
    r"Tensor$|^Variable$",
    re.IGNORECASE,
)
"""What a call is named that gives data without a graph."""
_RESHAPES = frozenset("view reshape unsqueeze squeeze flatten permute transpose contiguous long type".split())


def call_unknown(
    machine: Machine, callee: Unknown, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """The result of calling an unknown value."""
    where = tensors.site_of(machine, site)
    owner, name = callee.attributes.get("<owner>"), callee.attributes.get("<name>")
    if isinstance(owner, Unknown) and isinstance(name, Const):
        handled = _method(machine, owner, str(name.value), args, keywords, site)
        if handled is not None:
            return handled
    values = [*args, *keywords.values()]
    given = [tensor for value in values for tensor in tensors_in(value)]
    # A module of which the text asks for parameters may take nothing: a controller, a prompt that is learned.
    level = acts_as_module(callee) if callee.module or _takes_data(values) else Level.NO
    short = callee.label.rpartition(".")[2]
    if level >= Level.LIKELY and not _LOSS.search(short):
        before = machine.randomness
        output = module_forward.run_unseen(machine, callee, args, keywords, site, Level.LIKELY)
        module_forward.note_call(machine, callee, values, output, where, before, Level.LIKELY)
        return output
    with_graph = [tensor for tensor in given if tensor.graph() is not None]
    if _LOSS.search(short) and with_graph:
        first = next((t for value in values for t in tensors_in(value)), None)
        others = [t for t in given if t is not first]
        result = tensors.make(machine, short, [first] if first else [], Level.LIKELY, site, edges=Level.LIKELY)
        if result.node is not None:
            extra = tensors.node_for(machine, short, others, Level.MAYBE, where, Level.MAYBE)
            result.node.inputs += extra.inputs if extra is not None else []
        elif others:
            result = tensors.make(machine, short, others, Level.LIKELY, site, edges=Level.MAYBE)
        result.unseen_call = True
        return result
    made = opaque_result(machine, callee.label, values, site, extra=callee.deps)
    if isinstance(made, Unknown) and isinstance(owner, Unknown) and owner.computed:
        made.computed = all(map(is_settled, values))
    if isinstance(made, Unknown) and ORIGIN in callee.attributes:
        made.attributes.setdefault(ORIGIN, callee.attributes[ORIGIN])
    return made


def _takes_data(values: list[Value]) -> bool:
    return any(isinstance(value, (Tensor, Unknown)) or tensors_in(value) for value in values)


def opaque_result(
    machine: Machine, label: str, values: list[Value], site: Site | None, extra: tuple[Tensor, ...] = ()
) -> Value:
    """What an unseen call gives: it may hold any of its arguments, and it may have walked them."""
    given = tuple(dict.fromkeys([*extra, *(tensor for value in values for tensor in tensors_in(value))]))
    with_graph = tuple(tensor for tensor in given if tensor.node is not None)
    if not _HARMLESS.search(label) or any(_has_gradients(value) for value in values):
        machine.note(Unseen, tensors.site_of(machine, site), label=label, given=tuple(values))
    if not _HARMLESS.search(label):
        for value in values:
            if isinstance(value, (Module, Instance)):
                _unfreeze_perhaps(machine, value)
            forget_what_it_stores(machine, value)
    if with_graph and not _HARMLESS.search(label):
        escapes.give_away(machine, with_graph, tensors.site_of(machine, site), "call")
    result = machine.unknown(label, given)
    if not _gives_data(label):
        result.attributes[ORIGIN] = result
        unseen = [value for value in values if isinstance(value, Unknown) and ORIGIN in value.attributes]
        if unseen:
            result.attributes[MADE_FROM] = Sequence([value.attributes[ORIGIN] for value in unseen])
    return result


def _gives_data(label: str) -> bool:
    """Is a call named like one that prepares data, or like a method of tensors?"""
    name = label.rpartition(".")[2]
    return bool(_PREPARES.search(name)) or operations.method(name) is not None


def _unfreeze_perhaps(machine: Machine, module: Value) -> None:
    """Code that is not seen may give a module layers of its own, or let some that were frozen train."""
    for tensor in module_parameters.known_parameters(machine, module):
        if tensor.requires_grad is False:
            tensor.requires_grad = None


def _has_gradients(value: Value) -> bool:
    return isinstance(value, (Module, Instance, Optimizer)) or (isinstance(value, Tensor) and value.parameter)


def _method(
    machine: Machine,
    owner: Unknown,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value | None:
    """Methods whose name says enough, on a value that was not seen."""
    where = tensors.site_of(machine, site)
    if name == "backward":
        return wrappers.backward_of_unknown(machine, owner, args, keywords, site)
    if name == "manual_backward":
        return wrappers.backward_by_wrapper(machine, name, args, keywords, site, Level.LIKELY)
    if name in ("step", "zero_grad") and not owner.deps:
        return _like_optimizer(machine, owner, name, args, where)
    if name == "scale" and len(args) == 1 and tensors_in(args[0]):
        return scaled(machine, args[0], site)
    if name in ("detach", "item", "numpy", "tolist", "cpu", "data", "argmax") and not args:
        if name == "cpu":
            return owner
        if name == "detach":
            tensor = tensors.as_tensor(machine, owner, site)
            return owner if tensor is None else tensors.detach(machine, tensor, site)
        return machine.derived("python", (owner, name, machine.next_serial()), name)
    if name in ("parameters", "named_parameters"):
        owner.module = max(owner.module, Level.LIKELY)
        stand_in = module_parameters.stand_in(machine, owner)
        item: Value = stand_in if name == "parameters" else Sequence([machine.unknown("name"), stand_in], "tuple")
        return Sequence([item], exact=False)
    if owner.data and name == "requires_grad_":
        tensor = tensors.as_tensor(machine, owner, site)
        if tensor is not None:
            set_requires_grad(machine, tensor, args[0] if args else Const(True), site)
            return tensor
    if owner.data and name in _RESHAPES:
        # A view of it requires grad once it does: that may be asked for later.
        return machine.derived(name, (owner, machine.next_serial()), owner.label)
    if name in ("to", "cuda", "train", "eval", "requires_grad_", "half", "float", "double", "share_memory"):
        asked = args[0] if args else keywords.get("requires_grad", Const(True))
        if name == "requires_grad_" and not owner.module and asked == Const(True):
            tensors.ask_for_gradients(machine, owner, site)
        if name == "requires_grad_" and owner.module:
            flag = args[0] if args else Const(True)
            module_parameters.freeze(machine, owner, bool(flag.value) if isinstance(flag, Const) else None)
        if name in ("to", "float", "double", "half", "cuda") and owner.deps:
            return None
        return owner
    if name in (
        "register_hook",
        "register_forward_hook",
        "register_full_backward_hook",
        "register_forward_pre_hook",
        "register_backward_hook",
    ):
        if name != "register_forward_hook":
            machine.emit(Hook, where, target=owner)
        for value in (*args, *keywords.values()):
            forget_what_it_stores(machine, value)
        return machine.unknown("handle")
    if name in ("items", "keys", "values") and not args and owner.module:
        return _module_items(machine, owner, name)
    if name in MODULE_METHODS and owner.module and name not in ("forward", "__call__", "items", "keys", "values"):
        return machine.unknown(name)
    if name in ("forward", "__call__") and acts_as_module(owner) >= Level.LIKELY:
        return call_unknown(machine, owner, args, keywords, site)
    return None


def _module_items(machine: Machine, owner: Unknown, name: str) -> Value:
    items: list[Value] = []
    for position in range(3):
        key = machine.derived("key", (owner, position), "key")
        child = owner.attributes.setdefault(
            ("[]", key_of(key)), machine.derived("item", (owner, key), f"{owner.label}[...]")
        )
        if isinstance(child, Unknown):
            child.module = owner.module
        items.append(key if name == "keys" else child if name == "values" else Sequence([key, child], "tuple"))
    return Sequence(items, exact=False)


def _like_optimizer(machine: Machine, owner: Unknown, name: str, args: list[Value], where: Site) -> Value:
    if name == "zero_grad":
        cleared = [owner.parameter] if owner.parameter is not None else []
        gradients.clear(machine, cleared, where, exact=False, to_none=None)
        return NONE
    if args and not isinstance(args[0], Const):
        if tensors_in(args[0]) or isinstance(args[0], Unknown):
            return opaque_result(machine, f"{owner.label}.{name}", args, where, owner.deps)
    if "sched" in owner.label.lower():
        return NONE
    machine.emit(Step, where, optimizer=None, changed={})
    return machine.unknown("step result")


def scaled(machine: Machine, value: Value, site: Site | None) -> Value:
    """`scaler.scale(loss)`: a product, which keeps (FACTS F02, F63)."""
    if isinstance(value, Sequence):
        return Sequence([scaled(machine, item, site) for item in value.items], value.kind, value.exact)
    tensor = tensors.as_tensor(machine, value, site)
    if tensor is None:
        return value
    return tensors.make(machine, "scale", [tensor], Level.CERTAIN, site, elements=tensor.elements)
