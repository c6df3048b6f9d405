"""Loops whose turns differ by `i % n`: which turns show what every turn does.

The machine runs a first, a second and the last turn of a loop. Where what is done hangs on `i % n`, the turns that
are left out change what is carried (`if i % 2 == 0: state = new()`), so that the last one must not follow the second:
the first turns are run as they come, and no others.
"""

from __future__ import annotations

import ast

from mhlint.autograd.frames import Frame
from mhlint.autograd.values import Const, Range, Value

_MOST_TURNS = 8
_MOST_TURNS_IN_ALL = 12
_LOGS = frozenset({"print", "log", "info", "debug", "write", "set_postfix", "set_description", "add_scalar", "update"})


def turns_in_order(frame: Frame, statement: ast.stmt, iterable: Value, items: list[Value]) -> list[Value] | None:
    """The turns to run of a loop that has left some out; None for a loop that does not count by `i % n`."""
    if not isinstance(statement, (ast.For, ast.AsyncFor)) or len(items) < 3:
        return None
    moduli = _moduli(statement)
    bounds = (iterable.start, iterable.stop, iterable.step) if isinstance(iterable, Range) else ()
    numbers = [bound.value for bound in bounds if isinstance(bound, Const) and isinstance(bound.value, int)]
    if len(numbers) == 3 and _waits_for_a_turn(statement) and not frame.program.has_loop(statement):
        every = range(*numbers) if numbers[2] else range(0)
        return [Const(number) for number in every] if len(every) <= _MOST_TURNS_IN_ALL else None
    if not moduli:
        return None
    known = [_known(frame, modulus) for modulus in moduli]
    if len(numbers) != 3 or None in known or frame.program.has_loop(statement):
        return items[:2]
    count = 2 * max(number or 0 for number in known)
    if count > _MOST_TURNS:
        return items[:2]
    start, stop, step = numbers
    return [Const(number) for number in range(start, stop, step or 1)[:count]]


def _moduli(statement: ast.For | ast.AsyncFor) -> list[ast.expr]:
    """What the loop's index is divided by in conditions that do more than write a log."""
    names = {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
    found: list[ast.expr] = []
    for part in statement.body:
        for node in ast.walk(part):
            if isinstance(node, ast.IfExp) or (isinstance(node, ast.If) and not _only_logs(node)):
                found += [
                    inner.right
                    for inner in ast.walk(node.test)
                    if isinstance(inner, ast.BinOp)
                    and isinstance(inner.op, ast.Mod)
                    and any(isinstance(name, ast.Name) and name.id in names for name in ast.walk(inner.left))
                ]
    return found


def _waits_for_a_turn(statement: ast.For | ast.AsyncFor) -> bool:
    """Is something done in one certain turn: `if i == 5`, `if i in (2, 4)`?"""
    names = {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
    return any(
        isinstance(inner, ast.Compare)
        and isinstance(inner.left, ast.Name)
        and inner.left.id in names
        and isinstance(inner.ops[0], (ast.Eq, ast.In, ast.NotEq, ast.NotIn))
        for part in statement.body
        for node in ast.walk(part)
        if isinstance(node, ast.If) and not _only_logs(node)
        for inner in ast.walk(node.test)
    )


def _only_logs(node: ast.If) -> bool:
    return all(_is_log(statement) for statement in (*node.body, *node.orelse))


def _is_log(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    callee = statement.value.func
    return getattr(callee, "attr", getattr(callee, "id", "")) in _LOGS


def _known(frame: Frame, node: ast.expr) -> int | None:
    value = frame.look_up(node.id) if isinstance(node, ast.Name) else None
    number = node.value if isinstance(node, ast.Constant) else getattr(value, "value", None)
    return number if isinstance(number, int) and number > 0 else None
