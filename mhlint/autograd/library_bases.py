"""A class of the program that extends one of torch's own layers or containers: `class Head(nn.Linear)`."""

from __future__ import annotations

from dataclasses import replace

from mhlint.autograd.machine import Machine
from mhlint.autograd.module_evidence import is_module
from mhlint.autograd.module_forward import run_module
from mhlint.autograd.module_making import make_module
from mhlint.autograd.module_parameters import EXTENDED
from mhlint.autograd.values import NONE, Instance, Module, Tensor, Unknown, Value
from mhlint.syntax.program import Site


def layer_base(owner: Instance) -> str:
    """The name of the layer or container of torch's that an object's class extends; "" if it extends none."""
    found = (base for base in owner.cls.library_bases() if base.startswith("torch.nn."))
    kind = next(found, "").rpartition(".")[2]
    return "" if kind == "Module" else kind


def begin(
    machine: Machine, owner: Instance, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`super().__init__(...)`: what the layer would hold, the object holds; its parameters under their own names."""
    kind = layer_base(owner)
    made = make_module(machine, kind, args, keywords, site) if kind else None
    if isinstance(made, Module):
        for name in [name for name in made.parameters if "*" not in name]:
            owner.attributes[name] = made.parameters.pop(name)
        owner.attributes[EXTENDED] = made
    return NONE


def base_of(owner: Value) -> Module | None:
    """The layer or container that an object extends, once it is made."""
    found = owner.attributes.get(EXTENDED) if isinstance(owner, Instance) else None
    return found if isinstance(found, Module) else None


def hold(owner: Instance, name: str, value: Value) -> None:
    """`self.name = layer`: in an object that extends `Sequential` the layers so kept run in their order, too."""
    base = base_of(owner)
    if base is None or base.kind != "Sequential":
        return
    if isinstance(value, (Module, Unknown)) or is_module(value):
        base.children[name] = value


def inherited(owner: Instance, name: str) -> Value | None:
    """An attribute that an object has of the layer it extends: a child, a setting, the bias it does not have."""
    base = base_of(owner)
    if base is None:
        return None
    for table in (base.children, base.settings):
        if name in table:
            return NONE if name == "bias" else table[name]
    return None


def run_base(
    machine: Machine, owner: Instance, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """The forward of the layer that an object extends, with the parameters that the object holds by now."""
    base = base_of(owner)
    if base is None:
        return machine.unknown("forward")
    held = {name: value for name, value in owner.attributes.items() if isinstance(value, Tensor) and value.parameter}
    return run_module(
        machine, replace(base, parameters={**held, **base.parameters}, training=owner.training), args, keywords, site
    )
