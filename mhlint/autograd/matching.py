"""The match statement: which case is taken, and what its pattern binds."""

from __future__ import annotations

import ast

from mhlint.autograd.attributes import load
from mhlint.autograd.builtin_objects import is_a
from mhlint.autograd.conditions import decide, truth_text
from mhlint.autograd.frames import Frame
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ClassValue, Const, Instance, Library, Mapping, Sequence, Tensor, Value, tensors_in


def run_match(machine: Machine, frame: Frame, statement: ast.Match) -> None:
    """`match subject: ...`."""
    subject = machine.evaluate(machine, frame, statement.subject)
    for case in statement.cases:
        matched = _pattern(machine, frame, case.pattern, subject, frame.program.text(statement.subject))
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


def _pattern(machine: Machine, frame: Frame, pattern: ast.pattern, subject: Value, said: str = "") -> bool | None:
    """Does a pattern match? None when that is not known; names in it are bound. `said`: how the source calls it."""
    if isinstance(pattern, ast.MatchValue):
        wanted = machine.evaluate(machine, frame, pattern.value)
        if isinstance(wanted, Const) and isinstance(subject, Const):
            return bool(wanted.value == subject.value)
        if isinstance(wanted, Const):
            key = machine.derived("==", (subject, wanted), "")
            text = f"{said or getattr(subject, 'label', '') or 'subject'} == {wanted.value!r}"
            return decide(machine, key, text, frame.program.site(pattern))
        return None
    if isinstance(pattern, ast.MatchSingleton):
        return subject.value is pattern.value if isinstance(subject, Const) else None
    if isinstance(pattern, ast.MatchAs):
        matched = True if pattern.pattern is None else _pattern(machine, frame, pattern.pattern, subject, said)
        if pattern.name and matched is not False:
            frame.variables[pattern.name] = subject
        return matched
    if isinstance(pattern, ast.MatchOr):
        answers = []
        for part in pattern.patterns:
            answers.append(_pattern(machine, frame, part, subject, said))
            if answers[-1]:
                return True
        return None if None in answers else False
    if isinstance(pattern, ast.MatchSequence) and isinstance(subject, Sequence) and subject.exact:
        return _sequence_pattern(machine, frame, pattern.patterns, subject)
    if isinstance(pattern, ast.MatchMapping) and isinstance(subject, Mapping) and subject.exact:
        return _mapping_pattern(machine, frame, pattern, subject)
    if _never_matches(pattern, subject):
        return False
    if isinstance(pattern, ast.MatchClass):
        answer = _class_pattern(machine, frame, pattern, subject)
        if answer is not None:
            return answer
    inside: list[Value] = [subject, *subject.attributes.values()] if isinstance(subject, Instance) else [subject]
    held = tuple(tensor for part in inside for tensor in tensors_in(part))
    for node in ast.walk(pattern):
        name = getattr(node, "name", None) or getattr(node, "rest", None)
        if isinstance(name, str):
            frame.variables[name] = machine.unknown(name, held)
    return None


def _never_matches(pattern: ast.pattern, subject: Value) -> bool:
    """Is the subject of a kind that a sequence or a mapping pattern does not take?"""
    if isinstance(pattern, ast.MatchSequence):
        return isinstance(subject, (Mapping, Const, Tensor, Instance)) and not getattr(subject, "unseen_call", False)
    if isinstance(pattern, ast.MatchMapping):
        own = isinstance(subject, Instance) and not subject.cls.bases
        return own or (isinstance(subject, (Sequence, Const, Tensor)) and not getattr(subject, "unseen_call", False))
    return False


def _all(answers: list[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def _sequence_pattern(machine: Machine, frame: Frame, patterns: list[ast.pattern], subject: Sequence) -> bool | None:
    items: list[Value] = list(subject.items)
    star = next((i for i, part in enumerate(patterns) if isinstance(part, ast.MatchStar)), None)
    if star is None:
        if len(patterns) != len(items):
            return False
        return _all([_pattern(machine, frame, part, item) for part, item in zip(patterns, items, strict=True)])
    after = len(patterns) - star - 1
    if len(items) < star + after:
        return False
    middle = patterns[star]
    if isinstance(middle, ast.MatchStar) and middle.name:
        frame.variables[middle.name] = Sequence(items[star : len(items) - after])
    others = [*patterns[:star], *patterns[star + 1 :]]
    ends = zip(others, [*items[:star], *items[len(items) - after :]], strict=True)
    return _all([_pattern(machine, frame, part, item) for part, item in ends])


def _mapping_pattern(machine: Machine, frame: Frame, pattern: ast.MatchMapping, subject: Mapping) -> bool | None:
    keys = [machine.evaluate(machine, frame, key) for key in pattern.keys]
    names = [key.value for key in keys if isinstance(key, Const)]
    if len(names) < len(keys):
        return None
    if not all(name in subject.items for name in names):
        return False
    if pattern.rest:
        rest = {key: item for key, item in subject.items.items() if key not in names}
        frame.variables[pattern.rest] = Mapping(rest)
    parts = zip(pattern.patterns, names, strict=True)
    return _all([_pattern(machine, frame, part, subject.items[name]) for part, name in parts])


def _class_pattern(machine: Machine, frame: Frame, pattern: ast.MatchClass, subject: Value) -> bool | None:
    """`Class(field, name=...)`: None where the class, or what its places stand for, is not known."""
    kind = machine.evaluate(machine, frame, pattern.cls)
    answer = is_a(subject, kind)
    if answer is not True:
        return answer
    fields = list(kind.record_fields) if isinstance(kind, ClassValue) else []
    if len(pattern.patterns) == 1 and isinstance(kind, Library):
        # `str(name)`: the one place of Python's own types is the object itself.
        parts = [(pattern.patterns[0], subject)]
    elif len(pattern.patterns) <= len(fields):
        placed = zip(pattern.patterns, fields, strict=False)
        parts = [(part, load(machine, subject, name, None)) for part, name in placed]
    else:
        return None
    named = zip(pattern.kwd_patterns, pattern.kwd_attrs, strict=True)
    parts += [(part, load(machine, subject, name, None)) for part, name in named]
    return _all([_pattern(machine, frame, part, value) for part, value in parts])
