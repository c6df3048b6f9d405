"""One comparison: decided from its two sides, or unknown, and then the same unknown for the same sides."""

from __future__ import annotations

import ast

from mhlint.autograd.command_lines import asked
from mhlint.autograd.computing import compared
from mhlint.autograd.conditions import negate
from mhlint.autograd.machine import Machine
from mhlint.autograd.special_methods import special
from mhlint.autograd.subscripts import as_key
from mhlint.autograd.tensors import leaf
from mhlint.autograd.values import (
    FALSE,
    TRUE,
    ClassValue,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Mapping,
    Module,
    Optimizer,
    Sequence,
    Tensor,
    Unknown,
    Value,
    is_none,
    key_of,
)

_SYMBOLS: dict[type[ast.cmpop], str] = {ast.Eq: "==", ast.Lt: "<", ast.In: "in"}


_TENSOR_TYPES = frozenset({"torch.Tensor", "torch.autograd.Variable", "torch.autograd.variable.Variable"})


def compare(machine: Machine, left: Value, op: ast.cmpop, right: Value) -> Value:
    """The value of one comparison; the same comparison of the same values is the same unknown.

    Compared tensors give a mask: as a condition it is unknown, as a tensor it has no graph (FACTS F13).
    """
    left, right = asked(left), asked(right)
    made = _compared(machine, left, op, right)
    elementwise = not isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn))
    if elementwise and isinstance(made, Unknown) and any(isinstance(side, Tensor) for side in (left, right)):
        made.attributes.setdefault("<tensor>", leaf(machine, machine.current))
        made.attributes["<mask>"] = TRUE
    return made


def _compared(machine: Machine, left: Value, op: ast.cmpop, right: Value) -> Value:
    if isinstance(op, (ast.NotEq, ast.IsNot, ast.NotIn)):
        positive = {ast.NotEq: ast.Eq, ast.IsNot: ast.Is, ast.NotIn: ast.In}[type(op)]()
        return negate(_compared(machine, left, positive, right), machine)
    if isinstance(op, (ast.Gt, ast.LtE)):
        swapped = _compared(machine, right, ast.Lt(), left)
        return swapped if isinstance(op, ast.Gt) else negate(swapped, machine)
    if isinstance(op, ast.GtE):
        return negate(_compared(machine, left, ast.Lt(), right), machine)
    own = _by_own_method(machine, left, op, right)
    if own is not None:
        return own
    if is_none(right) and isinstance(left, Library) and left in machine.perhaps_missing:
        # Where the library is missing, its name stands for None.
        return negate(Unknown(("truth", left), left.name), machine)
    known = _known(machine, left, op, right)
    if known is not None:
        return TRUE if known else FALSE
    if isinstance(op, ast.In):
        return machine.derived("in", (left, _members(right) or right), "")
    if isinstance(op, (ast.Eq, ast.Is)) and isinstance(left, Const):
        left, right = right, left
    made = machine.derived("<" if isinstance(op, ast.Lt) else "==", (left, right), "")
    positions = [side.position for side in (left, right) if isinstance(side, Unknown) and side.position is not None]
    made.position = positions[0] if positions else None
    return made


def _by_own_method(machine: Machine, left: Value, op: ast.cmpop, right: Value) -> Value | None:
    if isinstance(op, ast.In):
        return special(machine, right, "contains", [left], None)
    if isinstance(op, ast.Eq):
        return special(machine, left, "eq", [right], None)
    if isinstance(op, ast.Lt):
        own = special(machine, left, "lt", [right], None)
        return own if own is not None else special(machine, right, "gt", [left], None)
    return None


def _known(machine: Machine, left: Value, op: ast.cmpop, right: Value) -> bool | None:
    if isinstance(left, Const) and isinstance(right, Const):
        return _constants(left, op, right)
    symbol = _SYMBOLS.get(type(op))
    if symbol is not None and isinstance(left, (Const, Sequence, Mapping)) and isinstance(right, (Sequence, Mapping)):
        answer = compared(left, symbol, right)
        if answer is not None:
            return answer
    if isinstance(op, ast.In):
        return _contains(machine, left, right)
    for value, other in ((left, right), (right, left)):
        if isinstance(value, Unknown) and value.position is not None and isinstance(other, Const):
            _narrow(machine, value)
    if isinstance(op, ast.Lt):
        return _less(left, right)
    if isinstance(left, Library) and isinstance(right, Library):
        # `type(x) == Variable` was written when tensors were of that type.
        return left.name == right.name or {left.name, right.name} <= _TENSOR_TYPES
    if isinstance(op, ast.Is) and isinstance(left, Tensor) and isinstance(right, Tensor):
        return _origin(machine, left) is _origin(machine, right)
    if left is right:
        return True if not isinstance(left, Tensor) or isinstance(op, ast.Is) else None
    if isinstance(op, (ast.Is, ast.Eq)) and _are_objects(left, right) and not machine.stand_ins & {left, right}:
        return False
    for value, other in ((left, right), (right, left)):
        if is_none(other) and not isinstance(value, (Unknown, Const)):
            return False
        if isinstance(value, (Unknown, Const)) or not isinstance(other, Const):
            continue
        if isinstance(op, ast.Eq) and not isinstance(value, Tensor):
            return False
    if isinstance(left, Unknown) and isinstance(right, Unknown):
        if key_of(left) == key_of(right):
            return True
        if _is_address(left) and _is_address(right):
            return False
        if _root(left) == _root(right):
            return left.offset == right.offset
        if _less(left, right) or _less(right, left):
            return False
    if isinstance(left, Unknown) and isinstance(right, Const):
        return _outside(left, right)
    if isinstance(right, Unknown) and isinstance(left, Const):
        return _outside(right, left)
    return None


def _are_objects(left: Value, right: Value) -> bool:
    """Are both sides objects that are equal to themselves alone?"""
    if any(isinstance(side, Instance) and side.cls.record for side in (left, right)):
        return False
    kinds = (Module, Function, ClassValue, Optimizer, Instance)
    return isinstance(left, kinds) and isinstance(right, kinds)


def _narrow(machine: Machine, index: Unknown) -> None:
    """What earlier answers on this path say of an index: `i < 3` and `i > 7` do not hold together."""
    for key, answer in machine.path.answers.items():
        if not isinstance(key, tuple) or len(key) != 3 or key[0] not in ("<", "=="):
            continue
        for side, number in ((1, _number(key[2])), (2, _number(key[1]))):
            if number is None or key[side] != index.key:
                continue
            if key[0] == "==":
                least, most = (number, number) if answer else (None, None)
            elif side == 1:
                least, most = (None, number - 1) if answer else (number, None)
            else:
                least, most = (number + 1, None) if answer else (None, number)
            _tighten(index, least, most)


def _tighten(index: Unknown, least: int | None, most: int | None) -> None:
    if least is not None and (index.at_least is None or index.at_least < least):
        index.at_least = least
    if most is not None and (index.at_most is None or index.at_most > most):
        index.at_most = most


def _number(key: Key) -> int | None:
    if isinstance(key, tuple) and len(key) == 3 and key[:2] == ("const", "int") and isinstance(key[2], int):
        return key[2]
    return None


def _is_address(value: Unknown) -> bool:
    return isinstance(value.key, tuple) and value.key[:1] == ("address",)


def _outside(value: Unknown, constant: Const) -> bool | None:
    number = constant.value
    if isinstance(number, (int, float)) and not isinstance(number, bool):
        if value.at_least is not None and number < value.at_least:
            return False
        if value.at_most is not None and number > value.at_most:
            return False
    return None


def _constants(left: Const, op: ast.cmpop, right: Const) -> bool | None:
    try:
        if isinstance(op, ast.Is):
            same = left.value is right.value
            return same or (left.value == right.value and type(left.value) is type(right.value))
        if isinstance(op, ast.Eq):
            return bool(left.value == right.value)
        if isinstance(op, ast.Lt):
            return bool(left.value < right.value)
        if isinstance(op, ast.In):
            return bool(left.value in right.value)
    except TypeError:
        return None
    return None


def _origin(machine: Machine, tensor: Tensor) -> Tensor:
    """The tensor itself, of one that stands for it in a list that it was picked for."""
    return machine.picked_from.get(tensor, tensor)


def _contains(machine: Machine, left: Value, right: Value) -> bool | None:
    if isinstance(left, Tensor) and isinstance(right, Sequence):
        held = [item for item in right.items if isinstance(item, Tensor)]
        if any(_origin(machine, left) is _origin(machine, item) for item in held):
            return True
    left = as_key(left) if isinstance(right, Mapping) else left
    if isinstance(right, Mapping) and not isinstance(left, Const):
        if ("item", key_of(left)) in right.items:
            return True
        if not right.exact:
            return None
        answers = [_known(machine, left, ast.Eq(), Const(key)) for key in right.items]
        return False if all(answer is False for answer in answers) else None
    if isinstance(right, Mapping) and isinstance(left, Const):
        if left.value in right.items:
            return True
        return False if right.exact else None
    if isinstance(right, Sequence) and right.exact:
        answers = [_known(machine, left, ast.Eq(), item) for item in right.items]
        if True in answers:
            return True
        if None not in answers:
            return False
        keys = [("==", key_of(left), key_of(item)) for item in right.items]
        known = [machine.path.known(key) for key in keys]
        if True in known:
            return True
        return None if None in known else False
    return None


def _members(right: Value) -> Key | None:
    """A key for the strings or the whole numbers that `x in (...)` asks for, whatever holds them."""
    if isinstance(right, (Sequence, Mapping)) and right.exact and right.items:
        items = [getattr(item, "value", item) for item in right.items]
        for kind in (str, int):
            if all(item is None or type(item) is kind for item in items):
                return ("members", *(key_of(Const(item)) for item in items))
    return None


def _root(value: Unknown) -> Key:
    return value.base if value.base is not None else value.key


def _less(left: Value, right: Value) -> bool | None:
    if isinstance(left, Unknown) and isinstance(right, Unknown):
        if _root(left) == _root(right):
            return left.offset < right.offset
        # A loop's second index `within` n is at most n - 2, since a later turn follows it.
        if left.within is not None and left.within == _root(right) and right.offset - left.offset >= -1:
            return True
        if right.within is not None and right.within == _root(left) and left.offset - right.offset >= -2:
            return False
        return None
    if isinstance(left, Const) and isinstance(right, Unknown) and isinstance(left.value, (int, float)):
        if right.at_least is not None and left.value < right.at_least:
            return True
        if right.at_most is not None and left.value >= right.at_most:
            return False
    if isinstance(left, Unknown) and isinstance(right, Const) and isinstance(right.value, (int, float)):
        if left.at_most is not None and left.at_most < right.value:
            return True
        if left.at_least is not None and left.at_least >= right.value:
            return False
    return None
