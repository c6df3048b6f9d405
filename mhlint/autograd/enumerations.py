"""Enumerations of the program: their members are what Python itself makes of their values."""

from __future__ import annotations

import ast
import enum
import operator
from collections.abc import Callable
from typing import Any

from mhlint.autograd.computing import NotPlain, as_value, plain
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Bound, ClassValue, Const, Function, Instance, Sequence, Value
from mhlint.syntax.program import Site

_KINDS: dict[str, Any] = {
    "enum.Enum": enum.Enum, "enum.IntEnum": enum.IntEnum, "enum.Flag": enum.Flag, "enum.IntFlag": enum.IntFlag,
    "enum.StrEnum": getattr(enum, "StrEnum", None),
}  # fmt: skip
_MIXINS: dict[str, type] = {"builtins.str": str, "builtins.int": int}
_BITS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.BitOr: operator.or_, ast.BitAnd: operator.and_, ast.BitXor: operator.xor, ast.LShift: operator.lshift,
}  # fmt: skip
_REAL = "<enumeration>"
# With one of these a member need not have the value that it is written with, or need not be equal to itself alone.
_CHANGES_VALUES = frozenset({"__new__", "_missing_"})
_CHANGES_MEMBERS = frozenset({"__eq__", "__hash__", "__bool__", "__getattr__", "__getattribute__"})


class _Hidden:
    """A value that is not known, and another one than all others."""


def define(machine: Machine, cls: ClassValue) -> None:
    """Give the class of an enumeration its members; values that are not plain stay hidden."""
    bases = cls.library_bases()
    kind = next((_KINDS[name] for name in bases if _KINDS.get(name) is not None), None)
    if kind is None or any(_written(cls, name) for name in _CHANGES_MEMBERS):
        return
    mixin = next((_MIXINS[name] for name in bases if name in _MIXINS), None)
    values = _values(machine, cls, issubclass(kind, enum.Flag))
    if issubclass(kind, (str, int)) or mixin is not None:
        # A member is then its value itself: where that is not known, nothing is known of the member.
        if any(isinstance(value, _Hidden) for value in values.values()):
            return
    try:
        made = kind(cls.definition.name, list(values.items()), **({"type": mixin} if mixin is not None else {}))
    except (TypeError, ValueError):
        return
    cls.members[_REAL] = Const(made)
    made._program_class = cls
    for name in values:
        cls.members[name] = Const(made[name])


def _written(cls: ClassValue, name: str) -> Value | None:
    """What the program itself has written under a name in a class or a base of it."""
    own = (base.members[name] for base in cls.order() if isinstance(base, ClassValue) and name in base.members)
    return next(own, None)


def _values(machine: Machine, cls: ClassValue, bits: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    changed = any(_written(cls, name) for name in _CHANGES_VALUES)
    following = _written(cls, "_generate_next_value_")
    for statement in cls.definition.body:
        for target in statement.targets if isinstance(statement, ast.Assign) else []:
            if not isinstance(target, ast.Name) or target.id.startswith("_"):
                continue
            assert isinstance(statement, ast.Assign)
            try:
                if following is not None and _is_automatic(statement.value):
                    known = _following(machine, following, target.id, list(found.values()))
                else:
                    known = _bits(statement.value, found) if bits else plain(cls.members[target.id])
                found[target.id] = _Hidden() if changed else known
            except (NotPlain, KeyError):
                found[target.id] = _Hidden()
    return found


def _is_automatic(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "auto"


def _following(machine: Machine, function: Value, name: str, values: list[Any]) -> Any:
    """The value that the program's own `_generate_next_value_` gives to an `auto()`."""
    known = Sequence([as_value(value) for value in values])
    return plain(machine.call(machine, function, [Const(name), Const(1), Const(len(values)), known], {}, None))


def _bits(node: ast.expr, found: dict[str, Any]) -> int:
    """The value of a flag: its own bit, or those of flags before it."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if _is_automatic(node):
        highest = max((value for value in found.values() if isinstance(value, int)), default=0)
        return 1 << highest.bit_length()
    if isinstance(node, ast.Name) and isinstance(found.get(node.id), int):
        known: int = found[node.id]
        return known
    if isinstance(node, ast.BinOp) and type(node.op) in _BITS:
        return _BITS[type(node.op)](_bits(node.left, found), _bits(node.right, found))
    raise NotPlain


def real(cls: Value) -> Any:
    """The enumeration that Python made of a class; None for any other value."""
    found = cls.members.get(_REAL) if isinstance(cls, ClassValue) else None
    return found.value if isinstance(found, Const) else None


def member_of(machine: Machine, cls: ClassValue, args: list[Value]) -> Value:
    """`Color("red")`: the member of a value."""
    made = real(cls)
    if len(args) == 1 and isinstance(args[0], Const):
        try:
            return Const(made(args[0].value))
        except (TypeError, ValueError):
            pass
    return machine.unknown(cls.definition.name)


def members(cls: Value) -> list[Value] | None:
    """What iterating over an enumeration gives."""
    made = real(cls)
    return None if made is None else [Const(item) for item in made]


def attribute(machine: Machine, owner: Const, name: str, site: Site | None) -> Value | None:
    """An attribute of a member: its name, its value, a method or property of its class, what its `__init__` sets."""
    item = owner.value
    if name in ("name", "_name_"):
        return Const(item.name)
    try:
        if name in ("value", "_value_"):
            return as_value(item.value)
    except NotPlain:
        return None
    cls = getattr(type(item), "_program_class", None)
    if not isinstance(cls, ClassValue):
        return None
    own = _set_up(machine, cls, item, site).attributes.get(name)
    found = own if own is not None else cls.members.get(name)
    if not isinstance(found, Function) or found.is_static:
        return found
    bound = Bound(found, cls if found.is_class_method else owner)
    return machine.call(machine, bound, [], {}, site) if found.is_property else bound


def _set_up(machine: Machine, cls: ClassValue, item: Any, site: Site | None) -> Instance:
    """What `__init__` sets on a member, given the parts of its value."""
    place = f"<member {item.name}>"
    known = cls.members.get(place)
    if isinstance(known, Instance):
        return known
    made = Instance(cls)
    cls.members[place] = made
    init = cls.members.get("__init__")
    if isinstance(init, Function):
        parts = item.value if isinstance(item.value, (tuple, list)) else [item.value]
        try:
            given = [as_value(part) for part in parts]
        except NotPlain:
            given = []
        machine.call(machine, Bound(init, made), given, {}, site)
    return made


def is_member(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, enum.Enum)
