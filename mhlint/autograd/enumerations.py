"""Enumerations of the program: their members are what Python itself makes of their values."""

from __future__ import annotations

import ast
import enum
from typing import Any

from mhlint.autograd.computing import NotPlain, as_value, plain
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Bound, ClassValue, Const, Function, Value
from mhlint.syntax.program import Site

_KINDS: dict[str, Any] = {
    "enum.Enum": enum.Enum, "enum.IntEnum": enum.IntEnum, "enum.Flag": enum.Flag, "enum.IntFlag": enum.IntFlag,
    "enum.StrEnum": getattr(enum, "StrEnum", None),
}  # fmt: skip
_MIXINS: dict[str, type] = {"builtins.str": str, "builtins.int": int}
_REAL = "<enumeration>"
# With one of these a member need not have the value that it is written with.
_CHANGES_VALUES = frozenset({"__init__", "__new__", "_missing_", "_generate_next_value_", "__eq__", "__hash__"})


def define(cls: ClassValue) -> None:
    """Give the class of an enumeration its members, where all their values are plain."""
    bases = cls.library_bases()
    kind = next((_KINDS[name] for name in bases if _KINDS.get(name) is not None), None)
    if kind is None or _CHANGES_VALUES & cls.members.keys():
        return
    mixin = next((_MIXINS[name] for name in bases if name in _MIXINS), None)
    names = [
        target.id
        for statement in cls.definition.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    ]
    try:
        pairs = [(name, plain(cls.members[name])) for name in names]
        made = kind(cls.definition.name, pairs, **({"type": mixin} if mixin is not None else {}))
    except (NotPlain, KeyError, TypeError, ValueError):
        return
    cls.members[_REAL] = Const(made)
    made._program_class = cls
    for name in names:
        cls.members[name] = Const(made[name])


def real(cls: Value) -> Any:
    """The enumeration that Python made of a class; None for any other value."""
    found = cls.members.get(_REAL) if isinstance(cls, ClassValue) else None
    return found.value if isinstance(found, Const) else None


def member_of(cls: ClassValue, given: Value) -> Value | None:
    """`Color("red")`, the member of a value, where there is one."""
    made = real(cls)
    if made is None or not isinstance(given, Const):
        return None
    try:
        return Const(made(given.value))
    except (TypeError, ValueError):
        return None


def members(cls: Value) -> list[Value] | None:
    """What iterating over an enumeration gives."""
    made = real(cls)
    return None if made is None else [Const(item) for item in made]


def attribute(machine: Machine, owner: Const, name: str, site: Site | None) -> Value | None:
    """An attribute of a member: its name, its value, a method or property of its class."""
    item = owner.value
    if name in ("name", "_name_"):
        return Const(item.name)
    if name in ("value", "_value_"):
        try:
            return Const(item.value) if isinstance(item.value, (bytes, complex)) else as_value(item.value)
        except NotPlain:
            return None
    cls = getattr(type(item), "_program_class", None)
    found = cls.members.get(name) if isinstance(cls, ClassValue) else None
    if not isinstance(found, Function):
        return found
    if found.is_static:
        return found
    bound = Bound(found, cls if found.is_class_method and isinstance(cls, ClassValue) else owner)
    return machine.call(machine, bound, [], {}, site) if found.is_property else bound


def is_member(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, enum.Enum)
