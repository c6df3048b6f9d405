"""The parameters of a module: making, listing and freezing them."""

from __future__ import annotations

from mhlint.autograd import tensors
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import looks_like_module, may_be_layer
from mhlint.autograd.trace import Hook
from mhlint.autograd.values import (
    FALSE,
    Const,
    Instance,
    Module,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Site

EXTENDED = "<base>"
"""Where an object keeps the layer or container of torch's that its class extends."""

Named = tuple["str | None", Tensor]


def parameter(machine: Machine, site: Site | None, name: str) -> Tensor:
    """A parameter of a module: a leaf that requires grad."""
    made = tensors.leaf(machine, site, requires_grad=True, name=name)
    made.parameter = True
    return made


def parameters_of(machine: Machine, value: Value) -> tuple[list[Tensor], bool]:
    """The parameters of a module, each once, and whether these are surely all."""
    found, exact = named_parameters_of(machine, value)
    return [tensor for _, tensor in found], exact


def named_parameters_of(
    machine: Machine, value: Value, prefix: str = "", seen: set[int] | None = None
) -> tuple[list[Named], bool]:
    """The same with their dotted names; a tensor that stands for all parameters of an unseen module has none."""
    seen = set() if seen is None else seen
    if id(value) in seen:
        return [], True
    seen.add(id(value))
    if isinstance(value, Tensor):
        return ([(prefix, value)], True) if value.parameter else ([], True)
    if isinstance(value, Module):
        exact = value.exact
        found: list[Named] = [(_name(value, prefix, name, tensor), tensor) for name, tensor in value.parameters.items()]
        for table in (value.children, value.attributes):
            for name, child in table.items():
                more, sure = named_parameters_of(machine, child, joined(prefix, name), seen)
                found, exact = found + more, exact and sure
        return _unique(found), exact
    if isinstance(value, Instance):
        exact, found = looks_like_module(value.cls) and not value.cls.has_unseen_base(), []
        # A module lists its own parameters before those of its children.
        for name, child in sorted(value.attributes.items(), key=lambda item: not isinstance(item[1], Tensor)):
            # What the layer that it extends holds is its own.
            path = prefix if name == EXTENDED else joined(prefix, name)
            if isinstance(child, (Tensor, Module, Instance)) or (isinstance(child, Unknown) and child.module):
                more, sure = named_parameters_of(machine, child, path, seen)
                found, exact = found + more, exact and sure
            elif isinstance(child, Unknown) and "<of module>" in child.attributes:
                if "<tensor>" not in child.attributes and may_be_layer(child):
                    found.append((None, stand_in(machine, child)))
                exact = False
        return _unique(found), exact
    if isinstance(value, Unknown):
        owner = value.attributes.get("<owner>")
        if isinstance(owner, Unknown) and value.attributes.get("<name>") == Const("module"):
            return named_parameters_of(machine, owner, prefix, seen)
        found = [(None, stand_in(machine, value))]
        for child in list(value.attributes.values()):
            if isinstance(child, Unknown) and child is not owner and child.parameter is not None:
                found.append((None, child.parameter))
        return found, False
    return [], False


def _name(module: Module, prefix: str, name: str, tensor: Tensor) -> str | None:
    """The dotted name of a module's own parameter. `weight_ih_l*` stands for one of each layer and direction."""
    single = module.settings.get("num_layers", Const(1)) == Const(1) and module.settings.get("bidirectional") in (
        None,
        FALSE,
    )
    if tensor.stands_for_many or ("*" in name and not single):
        return None
    return joined(prefix, name.replace("*", "0"))


def joined(prefix: str, name: str) -> str:
    """The name of a part of a part: `encoder.weight`."""
    return f"{prefix}.{name}" if prefix else name


def stand_in(machine: Machine, value: Unknown) -> Tensor:
    """The one tensor that stands for all parameters of an unseen module."""
    if value.parameter is None:
        value.parameter = parameter(machine, machine.current, f"{value.label or 'module'}'s parameters")
        value.parameter.stands_for_many = True
        owner = value.attributes.get("<owner>")
        if isinstance(owner, Unknown) and owner.parameter is not None:
            # What belongs to a frozen model is frozen with it.
            value.parameter.requires_grad = owner.parameter.requires_grad
    return value.parameter


def _unique(found: list[Named]) -> list[Named]:
    first = {id(tensor): (name, tensor) for name, tensor in reversed(found)}
    return [pair for pair in found if first.pop(id(pair[1]), None) is not None]


def freeze(machine: Machine, module: Value, flag: bool | None) -> None:
    """`module.requires_grad_(flag)` on every parameter."""
    machine.effects += 1
    if machine.current is not None:
        # A parameter whose flag is off when a walk reaches it gets no gradient from that walk (FACTS F59).
        machine.emit(Hook, machine.current, target=module, flag=True)
    for tensor in parameters_of(machine, module)[0]:
        tensor.switch(flag)


def known_parameters(machine: Machine, module: Value) -> list[Tensor]:
    """The parameters of a module, listed anew only after some module's structure changed."""
    known = machine.listed.get(module)
    if known is not None and known[0] == machine.structure:
        return known[1]
    own, _ = parameters_of(machine, module)
    machine.listed[module] = (machine.structure, own)
    return own
