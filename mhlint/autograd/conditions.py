"""Is a condition true? Known from the values, known from an earlier answer on this path, or a choice."""

from __future__ import annotations

import ast
import re

from mhlint.autograd.machine import Machine
from mhlint.autograd.questions import alike
from mhlint.autograd.special_methods import special
from mhlint.autograd.values import (
    FALSE,
    TRUE,
    Const,
    Key,
    Mapping,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Program, Site


def truth_text(program: Program, test: ast.expr) -> str:
    """How a condition is named in a message."""
    return program.text(test)


def truth_of(machine: Machine, value: Value) -> bool | None:
    """Whether a value is true, as far as it is known on this path."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Sequence) and value.once:
        return True
    if isinstance(value, Sequence):
        return bool(value.items) or (None if not value.exact else False)
    if isinstance(value, Mapping):
        return bool(value.items) or (None if not value.exact else False)
    if isinstance(value, Unknown):
        if value.at_least is not None and value.at_least > 0:
            return True
        key, flipped = _plain(value.key)
        known = machine.path.known(key)
        if known is None:
            known = machine.path.known(alike(machine, key))
        return known if known is None else known != flipped
    if isinstance(value, Tensor) or value in machine.perhaps_missing:
        return machine.path.known(("truth", value))
    for name in ("bool", "len"):
        own = special(machine, value, name, [], None)
        if own is not None:
            return truth_of(machine, own)
    return True


def choice_keys(machine: Machine, value: Value) -> tuple[Key, ...]:
    """Under which keys the answer to a condition is kept."""
    if not isinstance(value, Unknown):
        return (("truth", value),)
    key = _plain(value.key)[0]
    return key, alike(machine, key)


def _plain(key: Key) -> tuple[Key, bool]:
    flipped = False
    while isinstance(key, tuple) and len(key) == 2 and key[0] == "not":
        key, flipped = key[1], not flipped
    return key, flipped


def decide(
    machine: Machine, value: Value, text: str, site: Site, *, forced: bool | None = None, default: bool = True
) -> bool:
    """The side a condition takes: known, `forced` (remembered, but not a choice), or chosen by the path."""
    known = truth_of(machine, value)
    if known is not None:
        return known
    if isinstance(value, Unknown):
        key, flipped = _plain(value.key)
    else:
        key, flipped = ("truth", value), False
    rare = _rare_side(text)
    if forced is not None:
        answer = forced != flipped
        machine.path.learn(key, answer)
    else:
        has_one_answer = isinstance(value, Unknown) and value.computed
        answer = machine.path.choose(
            key, text, (default if rare is None else not rare) != flipped, site, machine.turn, flipped=flipped,
            aside=_is_aside(machine, site), doubtful=lambda taken: has_one_answer or taken is rare,
        )  # fmt: skip
    machine.path.learn(alike(machine, key), answer)
    return answer != flipped


def negate(value: Value, machine: Machine) -> Value:
    """`not value`, as a value that keeps its identity."""
    known = truth_of(machine, value)
    if known is not None:
        return FALSE if known else TRUE
    made = machine.derived("not", (value,), f"not {getattr(value, 'label', '')}")
    made.position = value.position if isinstance(value, Unknown) else None
    return made




_NO_NUMBER = re.compile(
    r"(?P<negated>not )?[\w.]*\b(?P<asked>is_?(nan|inf|finite))\((?:[^()]|\([^()]*\))*\)(\.any\(\))?"
)


def _rare_side(text: str) -> bool | None:
    """The side of a condition that is taken for a loss that is no number; None where it does not ask that."""
    found = _NO_NUMBER.fullmatch(text)
    return None if found is None else (found["asked"].endswith("finite")) == (found["negated"] is not None)


def _is_aside(machine: Machine, site: Site) -> bool:
    """Does a condition stand in code that only defines or computes: a module that is imported, a forward?"""
    if machine.defining:
        return True
    running = machine.active[-1] if machine.active else None
    if running is None or running.program is not site.program:
        return False
    first, last = running.definition.lineno, running.definition.end_lineno or running.definition.lineno
    return first <= site.row <= last and machine.asides.holds(running)
