"""The parts of a module with their dotted names, as `named_modules` gives them."""

from __future__ import annotations

from collections.abc import Iterator

from mhlint.autograd.library_bases import base_of
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_parameters import joined
from mhlint.autograd.values import Const, Instance, Module, Value


def held(owner: Module | Instance) -> dict[str, Value]:
    """What a module holds by name; the layer that an object extends is the object itself."""
    if isinstance(owner, Module):
        return owner.children
    base = base_of(owner)
    if base is None:
        return owner.attributes
    return {**base.children, **{name: value for name, value in owner.attributes.items() if value is not base}}


def tree(owner: Value, name: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Module | Instance]]:
    """A module and all that it is made of, each once, with their names; that of the module itself is empty."""
    seen = set() if seen is None else seen
    if id(owner) in seen or not isinstance(owner, (Module, Instance)):
        return
    seen.add(id(owner))
    yield name, owner
    for key, child in held(owner).items():
        yield from tree(child, joined(name, key), seen)


def as_value(machine: Machine, name: str | None) -> Value:
    """A name as the program gets it; one in which something is left open is not known."""
    return machine.unknown("name") if name is None or "*" in name or "<" in name else Const(name)
