"""Attributes of a dict whose keys are its attributes."""

from __future__ import annotations

from mhlint.autograd.frames import ProgramRaises
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import NONE, Bound, Const, Function, Library, Mapping, Value


def of_named(machine: Machine, owner: Mapping, name: str) -> Value:
    """An attribute of a dict whose keys are its attributes; such a dict makes the like of those it holds."""
    found = owner.items.get(name)
    if isinstance(found, Mapping):
        found.named, found.cls = True, owner.cls
    if found is None and owner.cls is not None:
        own, getter = owner.cls.members.get(name), owner.cls.members.get("__getattr__")
        if isinstance(own, Function):
            return own if own.is_static else Bound(own, owner.cls if own.is_class_method else owner)
        if owner.exact and isinstance(getter, Function) and getter not in machine.active:
            return machine.call(machine, Bound(getter, owner), [Const(name)], {}, None)
        if owner.exact and isinstance(getter, Library) and getter.name.endswith("dict.get"):
            return NONE
    return found if found is not None else machine.derived("attribute", (owner, name), name)


def of_named_default(machine: Machine, owner: Mapping, name: str, default: Value) -> Value:
    """`getattr(owner, name, default)` of such a dict that has no key of that name."""
    getter = owner.cls.members.get("__getattr__") if owner.cls is not None else None
    if getter is None:
        return default
    try:
        return of_named(machine, owner, name)
    except ProgramRaises:
        return default
