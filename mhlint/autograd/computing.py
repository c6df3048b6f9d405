"""Python on plain data: numbers, strings and containers of them, computed by Python itself."""

from __future__ import annotations

import ast
import json
import math
import operator
from collections.abc import Callable
from enum import Enum
from typing import Any

from mhlint.autograd.values import Const, Mapping, Sequence, Unknown, Value

_LARGEST = 1 << 40
_MOST_ITEMS = 64
_CONTAINERS: dict[str, Callable[[list[Any]], Any]] = {"list": list, "tuple": tuple, "set": set}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "divmod": divmod, "pow": pow, "min": min, "max": max, "round": round, "int": int, "float": float,
    "sorted": sorted, "math.floor": math.floor, "math.ceil": math.ceil, "math.sqrt": math.sqrt, "math.log2": math.log2,
    "json.loads": json.loads, "ast.literal_eval": ast.literal_eval,
}  # fmt: skip
COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"==": operator.eq, "<": operator.lt, "in": lambda a, b: a in b}


class NotPlain(Exception):
    """A value that holds something other than plain data."""


def plain(value: Value, depth: int = 4) -> Any:
    """A value as the Python object that it surely is; NotPlain for tensors, unknowns and open containers."""
    if isinstance(value, Const):
        return value.value
    if depth and isinstance(value, Sequence) and value.exact and value.kind in _CONTAINERS and not value.fields:
        try:
            return _CONTAINERS[value.kind]([plain(item, depth - 1) for item in value.items])
        except TypeError:
            raise NotPlain from None
    if depth and isinstance(value, Mapping) and value.exact and value.default is None:
        return {key: plain(item, depth - 1) for key, item in value.items.items()}
    raise NotPlain


def is_settled(value: Value) -> bool:
    """Has a value been computed from what stands in the source, whether the machine knows it or not?"""
    if isinstance(value, Unknown):
        return value.computed
    try:
        plain(value)
    except NotPlain:
        return False
    return True


def as_value(found: object) -> Value:
    """A plain Python object as a value."""
    if isinstance(found, (list, tuple)):
        return Sequence([as_value(item) for item in found], type(found).__name__)
    if isinstance(found, dict) and all(isinstance(key, (str, int)) for key in found):
        return Mapping({key: as_value(item) for key, item in found.items()})
    if isinstance(found, (int, float)) and not isinstance(found, bool) and abs(found) > _LARGEST:
        raise NotPlain
    if found is None or isinstance(found, (bool, int, float, str, Enum)):
        return Const(found)
    raise NotPlain


def compute(name: str, args: list[Value], keywords: dict[str, Value]) -> Value | None:
    """The result of a pure function of Python's on plain arguments; None where that is not known."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    try:
        given = [plain(arg) for arg in args]
        named = {key: plain(value) for key, value in keywords.items()}
        if name == "pow" and any(abs(number) > 64 for number in given):
            return None
        return as_value(function(*given, **named))
    except (NotPlain, TypeError, ValueError, ArithmeticError, SyntaxError, RecursionError, MemoryError):
        return None


def compared(left: Value, symbol: str, right: Value) -> bool | None:
    """One comparison of plain data; None where one side is not plain."""
    try:
        return bool(COMPARISONS[symbol](plain(left), plain(right)))
    except (NotPlain, TypeError):
        return None
