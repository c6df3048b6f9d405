"""`if` statements: which side is run, and what of the choice the other paths have to know."""

from __future__ import annotations

import ast

from mhlint.autograd.conditions import choice_keys, decide, truth_text
from mhlint.autograd.frames import Frame, Leave
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Unknown
from mhlint.syntax.program import dotted


def run_if(machine: Machine, frame: Frame, statement: ast.If) -> None:
    """Run one side of an `if`: the one that is known or chosen."""
    if frame.light and _is_main_guard(statement.test):
        return
    first_side = not _is_a_guard(statement)
    rest, start = machine.rest, len(machine.path.taken)
    with machine.preferring(first_side):
        value = machine.evaluate(machine, frame, statement.test)
    text, site = truth_text(frame.program, statement.test), frame.program.site(statement.test)
    before = len(machine.path.taken)
    only = _side_that_goes_on(machine, statement)
    taken = decide(machine, value, text, site, forced=only, default=first_side)
    asked = len(machine.path.taken) > before
    deciding = list(range(start, len(machine.path.taken)))
    if not asked and isinstance(value, Unknown):
        # It was asked before: there the other side has to be taken.
        known = machine.path.positions
        deciding += [known[key] for key in choice_keys(machine, value) if key in known]
    if deciding:
        _note_other_side(machine, frame, statement, taken, rest, deciding)
    effects = machine.effects
    try:
        machine.execute(machine, frame, statement.body if taken else statement.orelse)
    except Leave:
        machine.effects += 1
        raise
    if (
        asked
        and taken
        and machine.effects == effects
        and not statement.orelse
        and len(machine.path.taken) == before + 1
    ):
        for key in choice_keys(machine, value):
            machine.path.pin(before, key)


def _note_other_side(
    machine: Machine,
    frame: Frame,
    statement: ast.If,
    taken: bool,
    rest: tuple[list[ast.stmt], int],
    deciding: list[int],
) -> None:
    """Note of the choices that led to one side of an `if` what the other side would run, where that walks."""
    body, place = rest
    other = (statement.orelse or body[place:]) if taken else statement.body
    if other and machine.asides.walks(frame.program, other):
        found = other[0], machine.asides.walks(frame.program, other, itself=True)
        for position in deciding:
            machine.path.unwalked.setdefault(position, found)


def _side_that_goes_on(machine: Machine, statement: ast.If) -> bool | None:
    """The side to take when the other only raises or exits: such a path has nothing more to show."""
    if _gives_up(machine, statement.body):
        return False
    return True if _gives_up(machine, statement.orelse) else None


def _is_a_guard(statement: ast.If) -> bool:
    """`if len(memory) < size: return`: most has to be shown behind it, so that side is run first.

    One that returns a result is none: it may as well be the way that all calls take.
    """
    last = statement.body[-1]
    leaves = isinstance(last, ast.Return) and (last.value is None or isinstance(last.value, ast.Constant))
    return (leaves or isinstance(last, ast.Continue)) and len(statement.body) <= 2 and not statement.orelse


def _gives_up(machine: Machine, body: list[ast.stmt]) -> bool:
    if not body:
        return False
    last = body[-1]
    if isinstance(last, ast.Raise):
        kind = raised_name(last)
        return not any(kind in names for _, _, names in machine.catching)
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return dotted(last.value.func) in ("sys.exit", "exit", "quit", "os._exit", "os.abort")
    return False


def _is_main_guard(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def raised_name(statement: ast.Raise) -> str:
    """What kind of exception a `raise` names."""
    kind = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return str(getattr(kind, "id", getattr(kind, "attr", "")))
