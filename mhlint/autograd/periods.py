"""Loops whose turns differ by `i % n`: which turns show what every turn does.

The machine runs a first, a second and the last turn of a loop. Where what is done hangs on `i % n`, the turns that
are left out change what is carried (`if i % 2 == 0: state = new()`), so that the last one must not follow the second:
the first turns are run as they come, and no others.
"""

from __future__ import annotations

import ast
from functools import lru_cache

from mhlint.autograd.builtin_items import nth
from mhlint.autograd.frames import Frame
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Range, Sequence, Unknown, Value
from mhlint.syntax.program import dotted

_MOST_TURNS = 8
_MOST_TURNS_IN_ALL = 12
_LOGS = frozenset({"print", "log", "info", "debug", "write", "set_postfix", "set_description", "add_scalar", "update"})


def turns_in_order(
    machine: Machine, frame: Frame, statement: ast.stmt, iterable: Value, items: list[Value]
) -> list[Value] | None:
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
    known = [_known(machine, frame, modulus) for modulus in moduli]
    if None in known or frame.program.has_loop(statement):
        return items[:2]
    count = 2 * max(number or 0 for number in known)
    if count > _MOST_TURNS:
        return items[:2]
    if len(numbers) != 3 and _asks_for_the_last(statement):
        return items[:2]
    if len(numbers) != 3:
        return _first(machine, iterable, items, count)
    start, stop, step = numbers
    return [Const(number) for number in range(start, stop, step or 1)[:count]]


def _first(machine: Machine, iterable: Value, items: list[Value], count: int) -> list[Value]:
    """The first turns over what has no known length, such as a loader: it is taken to be long enough for them."""
    if isinstance(iterable, Range):
        start, step = getattr(iterable.start, "value", None), getattr(iterable.step, "value", None)
        if isinstance(start, int) and isinstance(step, int) and isinstance(iterable.stop, Unknown):
            return [Const(start + place * step) for place in range(count)]
        return items[:2]
    most = iterable.most if isinstance(iterable, Sequence) and iterable.most is not None else count
    return [_at(machine, items, place) for place in range(min(count, most))]


def _at(machine: Machine, items: list[Value], place: int) -> Value:
    """The item of a later turn: counted on where the first is a number, of the kind of the second elsewhere."""
    first, second = items[0], items[1]
    if place == 0:
        return first
    if isinstance(first, Const) and isinstance(first.value, int) and isinstance(second, Unknown):
        return Const(first.value + place)
    if isinstance(first, Sequence) and isinstance(second, Sequence) and len(first.items) == len(second.items):
        if first.exact and second.exact and first.kind == "tuple":
            parts = zip(first.items, second.items, strict=True)
            return Sequence([_at(machine, list(pair), place) for pair in parts], "tuple")
    return nth(machine, [first, second], place, -1, sure=False)


@lru_cache(maxsize=512)
def _moduli(statement: ast.For | ast.AsyncFor) -> list[ast.expr]:
    """What the loop's index, or a count of its turns, is divided by in conditions that do more than write a log."""
    counted = {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
    counted |= {dotted(target) for target in counters(statement)}
    found: list[ast.expr] = []
    for part in statement.body:
        for node in ast.walk(part):
            if isinstance(node, ast.IfExp) or (isinstance(node, ast.If) and not _only_logs(node)):
                found += [
                    inner.right
                    for inner in ast.walk(node.test)
                    if isinstance(inner, ast.BinOp)
                    and isinstance(inner.op, ast.Mod)
                    and any(dotted(name) in counted for name in ast.walk(inner.left))
                ]
    return found


def _asks_for_the_last(statement: ast.For | ast.AsyncFor) -> bool:
    """Is the index itself compared, as in `i + 1 == len(loader)`? Which turn that means is not known then."""
    names = {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
    return any(
        not any(isinstance(part, ast.Mod) for part in ast.walk(side))
        and any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(side))
        for part in statement.body
        for node in ast.walk(part)
        if isinstance(node, ast.Compare)
        for side in (node.left, *node.comparators)
    )


def counters(statement: ast.stmt) -> list[ast.Name | ast.Attribute]:
    """What goes up by a number in every turn: `step += 1`."""
    return [
        part.target
        for part in getattr(statement, "body", ())
        if isinstance(part, ast.AugAssign) and isinstance(part.op, ast.Add) and isinstance(part.value, ast.Constant)
        if isinstance(part.target, ast.Name) or (isinstance(part.target, ast.Attribute) and dotted(part.target))
    ]


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


def _known(machine: Machine, frame: Frame, node: ast.expr) -> int | None:
    settled = isinstance(node, (ast.Constant, ast.Name)) or (isinstance(node, ast.Attribute) and dotted(node))
    number = getattr(machine.evaluate(machine, frame, node), "value", None) if settled else None
    return number if isinstance(number, int) and number > 0 else None
