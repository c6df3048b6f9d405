"""The match statement: which case is taken, and what its pattern binds."""

from __future__ import annotations

import ast

from mhlint.autograd.conditions import decide, truth_text
from mhlint.autograd.frames import Frame
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Instance, Sequence, Value, tensors_in


def run_match(machine: Machine, frame: Frame, statement: ast.Match) -> None:
    """`match subject: ...`."""
    subject = machine.evaluate(machine, frame, statement.subject)
    for case in statement.cases:
        matched = _pattern(machine, frame, case.pattern, subject)
        if matched is False:
            continue
        if matched is None:
            text = f"{frame.program.text(statement.subject)} matches {ast.unparse(case.pattern)}"
            key = machine.derived("match", (subject, ast.dump(case.pattern)), text)
            if not decide(machine, key, text, frame.program.site(case.pattern)):
                continue
        if case.guard is not None:
            guard = machine.evaluate(machine, frame, case.guard)
            if not decide(machine, guard, truth_text(frame.program, case.guard), frame.program.site(case.guard)):
                continue
        machine.execute(machine, frame, case.body)
        return


def _pattern(machine: Machine, frame: Frame, pattern: ast.pattern, subject: Value) -> bool | None:
    """Does a pattern match? None when that is not known; names in it are bound."""
    if isinstance(pattern, ast.MatchValue):
        wanted = machine.evaluate(machine, frame, pattern.value)
        if isinstance(wanted, Const) and isinstance(subject, Const):
            return bool(wanted.value == subject.value)
        if isinstance(wanted, Const):
            key = machine.derived("==", (subject, wanted), "")
            text = f"{getattr(subject, 'label', '') or 'subject'} == {wanted.value!r}"
            return decide(machine, key, text, frame.program.site(pattern))
        return None
    if isinstance(pattern, ast.MatchSingleton):
        return subject.value is pattern.value if isinstance(subject, Const) else None
    if isinstance(pattern, ast.MatchAs):
        matched = True if pattern.pattern is None else _pattern(machine, frame, pattern.pattern, subject)
        if pattern.name and matched is not False:
            frame.variables[pattern.name] = subject
        return matched
    if isinstance(pattern, ast.MatchOr):
        answers = []
        for part in pattern.patterns:
            answers.append(_pattern(machine, frame, part, subject))
            if answers[-1]:
                return True
        return None if None in answers else False
    if isinstance(pattern, ast.MatchSequence) and isinstance(subject, Sequence) and subject.exact:
        if any(isinstance(part, ast.MatchStar) for part in pattern.patterns):
            return None
        if len(pattern.patterns) != len(subject.items):
            return False
        parts = [_pattern(machine, frame, p, s) for p, s in zip(pattern.patterns, subject.items, strict=True)]
        return False if False in parts else None if None in parts else True
    inside: list[Value] = [subject, *subject.attributes.values()] if isinstance(subject, Instance) else [subject]
    held = tuple(tensor for part in inside for tensor in tensors_in(part))
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            frame.variables[name] = machine.unknown(name, held)
    return None
