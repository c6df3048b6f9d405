"""Operators with a tensor on at least one side: the node they leave, what it keeps, and `x op= y` in place."""

from __future__ import annotations

import ast

from mhlint.autograd import shapes
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.tensors import as_tensor, in_place, keep, make
from mhlint.autograd.values import Const, Sequence, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site

_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**", ast.Mod: "%",
    ast.FloorDiv: "//", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^", ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
_NUMBER = "<number>"


def binary(machine: Machine, left: Value, op: type[ast.operator], right: Value, site: Site | None) -> Value | None:
    """An arithmetic operator with a tensor on at least one side; None when neither is one."""
    symbol = _SYMBOLS[op]
    tensors = [t for t in (as_tensor(machine, left, site), as_tensor(machine, right, site)) if t is not None]
    if not any(isinstance(value, Tensor) for value in (left, right)):
        if not any(isinstance(value, Unknown) and value.deps for value in (left, right)):
            return None
    if not tensors:
        return None
    if symbol in ("//", "&", "|", "^", "<<", ">>"):
        return make(machine, symbol, tensors, Level.MAYBE, site, edges=Level.MAYBE)
    keeps = Level.NO if symbol in ("+", "-") else Level.CERTAIN
    if symbol == "%":
        # Only for the gradient of the divisor is anything kept.
        divisor = right.graph() if isinstance(right, Tensor) else None
        sure = Level.NO if divisor is None else divisor[1]
        keeps = Level.LIKELY if isinstance(right, Unknown) else min(Level.LIKELY, sure)
    if not all(isinstance(value, (Tensor, Const)) for value in (left, right)):
        keeps = min(keeps, Level.LIKELY) if symbol in ("+", "-", "%") else keeps
    saved = _saved_by(symbol, left, right)
    elements = _broadcast(left, right) if symbol != "@" else None
    result = make(machine, symbol, tensors, keeps, site, saved=saved, elements=elements)
    if all(may_be_number(tensor) for tensor in tensors):
        result.attributes[_NUMBER] = Const(True)
    if symbol != "@":
        pair = (left, right) if isinstance(left, Tensor) else (right, left)
        if isinstance(pair[0], Tensor):
            shapes.broadcast(pair[0], pair[1], result)
    if result.node is not None and symbol == "**":
        keep(result.node, result, "result", Level.MAYBE)
    return result


def may_be_number(tensor: Tensor) -> bool:
    """Is it the result of an unseen call, or computed from such: as well a number as a tensor?"""
    return tensor.unseen_call or _NUMBER in tensor.attributes


def _saved_by(symbol: str, left: Value, right: Value) -> list[tuple[Tensor, str, Level]]:
    saved: list[tuple[Tensor, str, Level]] = []
    if symbol in ("*", "@", "/"):
        if isinstance(left, Tensor) and isinstance(right, Tensor):
            left_graph, right_graph = left.graph(), right.graph()
            if left_graph is not None:
                saved.append((right, right.name or "right operand", left_graph[1]))
            if right_graph is not None:
                saved.append((left, left.name or "left operand", right_graph[1]))
    elif symbol == "**":
        for side in (left, right):
            if isinstance(side, Tensor):
                level = Level.CERTAIN if isinstance(right, Const) and right.value not in (0, 1) else Level.MAYBE
                saved.append((side, side.name or "operand", level))
    return saved


def _broadcast(left: Value, right: Value) -> int | None:
    sizes = [1 if isinstance(value, Const) else getattr(value, "elements", None) for value in (left, right)]
    if 2 in sizes or 3 in sizes:
        return 2 if 2 in sizes else 3
    return 1 if sizes == [1, 1] else None


def update_in_place(machine: Machine, old: Value, op: type[ast.operator], operand: Value, site: Site) -> Value | None:
    """`old op= operand` in place, for tensors and lists (FACTS F40); None where a new value is made."""
    if isinstance(old, Tensor):
        symbol = _SYMBOLS[op]
        other = [t for t in [as_tensor(machine, operand, site)] if t is not None]
        # What is changed is kept as a copy of the old values; the same memory as the operand is kept as it is.
        saved = [item for item in _saved_by(symbol, old, operand) if item[0] is not old]
        if operand is old and symbol in ("*", "/", "**"):
            saved = _saved_by(symbol, old, operand)[:1]
        keeps = Level.NO if symbol in ("+", "-") else Level.CERTAIN
        if old.unseen_call:
            return None
        return in_place(machine, old, symbol + "=", other, keeps, site, saved)
    if isinstance(old, Sequence) and old.kind == "list" and op is ast.Add:
        machine.effects += 1
        if isinstance(operand, Sequence):
            old.items.extend(operand.items)
            old.exact = old.exact and operand.exact
        else:
            old.items.append(machine.unknown("item", tuple(tensors_in(operand))))
            old.exact = False
        return old
    return None
