"""Operators on values: numbers and lists are computed, tensors leave nodes, the rest is unknown but the same."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from enum import Flag
from typing import Any

from mhlint.autograd import special_methods, tensor_arithmetic, tensors
from mhlint.autograd.computing import NotPlain, as_value, plain
from mhlint.autograd.graph import Level
from mhlint.autograd.iteration import number_key
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import PLAIN, TRUE, Const, Instance, Mapping, Sequence, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site

_NUMBERS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift,
}  # fmt: skip
_OF_SETS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor, ast.Sub: operator.sub,
}  # fmt: skip
_OF_FLAGS = (ast.BitAnd, ast.BitOr, ast.BitXor)
_LARGEST = 1 << 40


def arithmetic(machine: Machine, left: Value, op: type[ast.operator], right: Value, site: Site) -> Value:
    """The value of `left op right`."""
    if isinstance(left, Const) and isinstance(right, Const):
        return _constants(machine, left, op, right)
    if isinstance(left, Instance) or isinstance(right, Instance):
        own = special_methods.binary(machine, left, op, right, site)
        if own is not None:
            return own
    if op is ast.Mod and isinstance(left, Const) and isinstance(left.value, str):
        tensors.show(machine, (right,), site)
    result = tensor_arithmetic.binary(machine, left, op, right, site)
    if result is not None:
        return result
    if isinstance(left, Sequence) and left.kind == "set" and op in _OF_SETS:
        try:
            found = list(_OF_SETS[op](plain(left), plain(right)))
            return Sequence([as_value(item) for item in found], "set")
        except (NotPlain, TypeError):
            return machine.unknown("set", (*tensors_in(left), *tensors_in(right)))
    if isinstance(left, Sequence):
        if op is ast.Add and isinstance(right, Sequence):
            return Sequence([*left.items, *right.items], left.kind, left.exact and right.exact)
        if op is ast.Add:
            rest = machine.unknown("item", tuple(tensors_in(right)))
            return Sequence([*left.items, rest], left.kind, exact=False)
        if op is ast.Mult:
            count = right.value if isinstance(right, Const) and isinstance(right.value, int) else None
            if count is not None and 0 <= count * len(left.items) <= 64:
                return Sequence(left.items * count, left.kind, left.exact)
            return Sequence(left.items * 3, left.kind, exact=False) if len(left.items) == 1 else left
    if isinstance(left, Mapping) and isinstance(right, Mapping) and op is ast.BitOr:
        return Mapping({**left.items, **right.items}, left.exact and right.exact)
    if isinstance(left, Unknown) and op in (ast.Add, ast.Sub) and _is_int(right):
        return _shifted(left, right.value if op is ast.Add else -right.value)  # type: ignore[attr-defined]
    if isinstance(right, Unknown) and op is ast.Add and _is_int(left):
        return _shifted(right, left.value)  # type: ignore[attr-defined]
    if op is ast.Mod and left == Const(0) and isinstance(right, Unknown) and not right.deps:
        return left
    if op is ast.Mod and isinstance(left, Unknown) and left.position == 1 and left.at_least == 1 + left.offset:
        # The second turn of a loop that counts from 0: `i % n` in it is `(i + 1) % n` in the first.
        if not _is_int(right) or right.value >= 2:  # type: ignore[attr-defined]
            return arithmetic(machine, Const(1 + left.offset), op, right, site)
    label = site.program.text(site.node) if isinstance(site.node, ast.BinOp) else ""
    made = machine.derived(op.__name__, (left, right), label)
    if _is_plain(left) and _is_plain(right):
        made.attributes[PLAIN] = TRUE
    return made


def _is_plain(value: Value) -> bool:
    return isinstance(value, Const) or (isinstance(value, Unknown) and PLAIN in value.attributes)


def _is_int(value: Value) -> bool:
    return isinstance(value, Const) and isinstance(value.value, int) and not isinstance(value.value, bool)


def _shifted(value: Unknown, by: int) -> Unknown:
    if value.deps:
        return value
    base = value.base if value.base is not None else value.key
    offset = value.offset + by
    shifted = Unknown(number_key(base, offset), value.label, base=base, offset=offset)
    if PLAIN in value.attributes:
        shifted.attributes[PLAIN] = TRUE
    shifted.at_least = None if value.at_least is None else value.at_least + by
    shifted.at_most = None if value.at_most is None else value.at_most + by
    shifted.position = value.position if by == 0 or value.position == 1 else None
    shifted.within = value.within
    return shifted


def _constants(machine: Machine, left: Const, op: type[ast.operator], right: Const) -> Value:
    compute = _NUMBERS.get(op)
    numbers = all(isinstance(side.value, (int, float)) for side in (left, right))
    texts = op is ast.Add and all(isinstance(side.value, str) for side in (left, right))
    if op is ast.Mult and isinstance(left.value, str) and isinstance(right.value, int) and right.value <= 64:
        texts = True
    if op is ast.Mod and isinstance(left.value, str):
        try:
            return Const(left.value % right.value)
        except (TypeError, ValueError):
            return machine.unknown("text")
    flags = op in _OF_FLAGS and all(isinstance(side.value, Flag) for side in (left, right))
    if compute is None or not (numbers or texts or flags):
        return machine.derived(op.__name__, (left, right), "")
    if numbers and (abs(left.value) > _LARGEST or abs(right.value) > _LARGEST):
        return machine.unknown("large number")
    if op in (ast.Pow, ast.LShift) and abs(right.value) > 64:
        return machine.unknown("large number")
    try:
        return Const(compute(left.value, right.value))
    except (ArithmeticError, TypeError, ValueError):
        return machine.unknown("number")


def unary(machine: Machine, op: ast.unaryop, value: Value, site: Site) -> Value:
    """`-x`, `+x`, `~x` (`not x` is a condition)."""
    if isinstance(value, Const) and isinstance(value.value, (int, float)) and not isinstance(op, ast.Invert):
        return Const(-value.value if isinstance(op, ast.USub) else value.value)
    if isinstance(value, Const) and isinstance(value.value, (int, Flag)) and isinstance(op, ast.Invert):
        return Const(~value.value)
    if isinstance(value, Tensor):
        if isinstance(op, ast.USub):
            return tensors.make(machine, "neg", [value], Level.NO, site, elements=value.elements)
        if isinstance(op, ast.UAdd):
            return value
        return tensors.leaf(machine, site)
    own = special_methods.unary(machine, op, value, site)
    if own is not None:
        return own
    deps = value.deps if isinstance(value, Unknown) else ()
    return machine.derived(type(op).__name__, (value,), "", deps)
