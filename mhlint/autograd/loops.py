"""Loops: a first, a second and a last turn, so that what is carried over is seen as it is."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress

from mhlint.autograd import binding
from mhlint.autograd.conditions import decide, truth_of, truth_text
from mhlint.autograd.frames import BreakLoop, ContinueLoop, Frame, Leave, ProgramExits, StopProducing
from mhlint.autograd.iteration import Generator, elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.periods import counters, turns_in_order
from mhlint.autograd.trace import Loop
from mhlint.autograd.values import Const, Range, Sequence, Unknown, Value

_MOST_TURNS = 24
_MOST_TURNS_OF_SHORT_BODY = 400
_MOST_WHILE_TURNS = 8


def run_for(machine: Machine, frame: Frame, statement: ast.For | ast.AsyncFor) -> None:
    """Run a `for` loop: every turn where the items are known and few, else the first, the second and the last."""
    iterable = machine.evaluate(machine, frame, statement.iter)
    activation, outer = machine.next_serial(), machine.turn
    count = 0

    def one_turn(item: Value) -> None:
        nonlocal count
        with machine.in_turn((*outer, (activation, count))):
            count += 1
            binding.assign(machine, frame, statement.target, item)
            with suppress(ContinueLoop):
                machine.execute(machine, frame, statement.body)

    broken = _drive(machine, frame, iterable, one_turn, statement, activation)
    if not broken:
        machine.execute(machine, frame, statement.orelse)


def _drive(
    machine: Machine,
    frame: Frame,
    iterable: Value,
    one_turn: Callable[[Value], None],
    statement: ast.stmt,
    activation: int,
) -> bool:
    if isinstance(iterable, Generator):
        return _drive_generator(machine, iterable, one_turn)
    items, exact = elements(machine, iterable, machine.current)
    machine.note(
        Loop,
        frame.program.site(statement),
        activation=activation,
        surely_turns=bool(items) and (exact or _counted(iterable)),
    )
    in_order = None if exact else turns_in_order(machine, frame, statement, iterable, items)
    chosen = _chosen(frame, items, exact, statement) if in_order is None else in_order
    left_out = in_order is None and len(chosen) == 3 and (not exact or len(items) > 3)
    if left_out:
        machine.after_skipped.add((activation, 2))
    grown = len(machine.grown)
    try:
        for place, item in enumerate(chosen):
            if left_out and place == 2 and _forget_counts(machine, frame, statement, grown):
                # What waits until enough is there may do it first in a turn that is left out.
                machine.after_skipped.add((activation, 3))
                one_turn(_later(machine, chosen[1]))
            one_turn(item)
        if in_order is None and len(chosen) == 2 < len(items) and _forget_counts(machine, frame, statement, grown):
            # A loop around another one gets no third turn, but for what waits until enough is there.
            machine.after_skipped.add((activation, 2))
            one_turn(_later(machine, chosen[1]))
    except BreakLoop:
        return True
    if len(chosen) < len(items) or not exact:
        _forget_counts(machine, frame, statement, grown)
    return False


def _forget_counts(machine: Machine, frame: Frame, statement: ast.stmt, grown: int) -> bool:
    """Turns that are not run count as well, and lists grow in them: by how much is not known.

    Gives whether any of these may have been asked for: `if len(memory) < batch_size`.
    """
    found = False
    for target in counters(statement):
        owner = machine.evaluate(machine, frame, target.value) if isinstance(target, ast.Attribute) else None
        table = frame.home_of(target.id).variables if isinstance(target, ast.Name) else getattr(owner, "attributes", {})
        name = getattr(target, "id", getattr(target, "attr", ""))
        known = table.get(name)
        if isinstance(known, Const) and isinstance(known.value, int):
            count = machine.unknown("count")
            count.at_least = known.value
            table[name] = count
            found = found or _compared(statement, name)
    for sequence in machine.grown[grown:]:
        found = found or (sequence.exact and len(sequence.items) > 1 and sequence in machine.measured)
        sequence.exact = sequence.exact and len(sequence.items) < 2
    return found


def _compared(statement: ast.stmt, name: str) -> bool:
    """Is a name, or an attribute of that name, compared in a loop's body?"""
    return any(
        name in (getattr(part, "id", ""), getattr(part, "attr", ""))
        for node in ast.walk(statement)
        if isinstance(node, ast.Compare)
        for part in ast.walk(node)
    )


def _later(machine: Machine, item: Value) -> Value:
    """What a turn between the second and the last gets."""
    if isinstance(item, Sequence) and item.kind == "tuple":
        return Sequence([_later(machine, part) for part in item.items], "tuple", item.exact, item.fields)
    if isinstance(item, Unknown):
        later = machine.unknown(item.label, item.deps)
        later.module, later.at_least = item.module, item.at_least
        return later
    return machine.unknown("item") if isinstance(item, Const) else item


def _drive_generator(machine: Machine, generator: Generator, one_turn: Callable[[Value], None]) -> bool:
    """Run a turn for each item as it is yielded; what leaves the loop never passes through the generator's own body."""
    left: Leave | None = None

    def consume(item: Value) -> Value:
        nonlocal left
        try:
            one_turn(item)
        except Leave as leave:
            left = leave
            raise StopProducing from None
        return machine.unknown("sent")

    try:
        generator.run(consume)
    except StopProducing:
        if left is None:
            raise
    if left is None or isinstance(left, BreakLoop):
        return left is not None
    raise left


def _counted(iterable: Value) -> bool:
    """A range with literal bounds of which only some turns are run."""
    return isinstance(iterable, Range) and all(
        isinstance(bound, Const) for bound in (iterable.start, iterable.stop, iterable.step)
    )


def _chosen(frame: Frame, items: list[Value], exact: bool, statement: ast.stmt) -> list[Value]:
    if exact:
        short = len(getattr(statement, "body", ())) <= 3
        most = _MOST_TURNS_OF_SHORT_BODY if short else _MOST_TURNS
        return items if len(items) <= most else [items[0], items[1], items[-1]]
    return items[:2] if frame.program.has_loop(statement) else items


def run_while(machine: Machine, frame: Frame, statement: ast.While) -> None:
    """Run a `while` loop: as often as a known condition says, else two or three times."""
    activation, outer = machine.next_serial(), machine.turn
    text, site = truth_text(frame.program, statement.test), frame.program.site(statement.test)
    most = 2 if frame.program.has_loop(statement) else 3
    for turn in range(_MOST_WHILE_TURNS):
        with machine.in_turn((*outer, (activation, turn))):
            value = machine.evaluate(machine, frame, statement.test)
            known = truth_of(machine, value)
            if known is None or _is_endless(statement.test):
                if turn >= most:
                    break
                decide(machine, value, text, site, forced=True)
            elif not known:
                break
            try:
                machine.execute(machine, frame, statement.body)
            except ContinueLoop:
                pass
            except BreakLoop:
                return
    if _is_endless(statement.test) and not _can_break(statement):
        raise ProgramExits
    machine.execute(machine, frame, statement.orelse)


def _is_endless(test: ast.expr) -> bool:
    return isinstance(test, ast.Constant) and bool(test.value)


def _can_break(statement: ast.While) -> bool:
    todo: list[ast.AST] = list(statement.body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Break):
            return True
        if not isinstance(node, (ast.For, ast.While, ast.AsyncFor, ast.FunctionDef, ast.ClassDef, ast.Lambda)):
            todo.extend(ast.iter_child_nodes(node))
    return False
