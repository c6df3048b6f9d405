"""What the answers given on a path say of one value: `mode not in ("a", "b")` leaves no `mode == "a"`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from mhlint.autograd.values import Key

Constant = str | int | float | None
_MOST = 200
_OTHER = "\0"
_READ = frozenset({"fresh", "attribute", "item", "[]", "getattr"})
"""Keys of values that stay what they are; what is computed from something that grows does not."""


class Question(NamedTuple):
    """What is asked of a value, or of its remainder: is it equal to, below, above or one of the constants, or true?"""

    kind: str
    constants: tuple[Constant, ...] = ()
    period: int | None = None

    def of(self, value: Constant) -> bool:
        """The answer for one value; raises TypeError where it cannot be asked of such a value."""
        if self.period is not None:
            if not isinstance(value, int):
                raise TypeError
            value %= self.period
        if self.kind == "truth":
            return bool(value)
        if self.kind in ("==", "in"):
            return value in self.constants
        (bound,) = self.constants
        return bool(value < bound if self.kind == "<" else bound < value)  # type: ignore[operator]


Fact = tuple[Question, bool]


def asked(key: Key) -> tuple[Key, Question] | None:
    """Of which value a condition with this key asks what; None for conditions of any other kind."""
    if not isinstance(key, tuple):
        return None
    if len(key) == 3 and key[0] in ("==", "<", "in"):
        kind, left, right = key
        if kind == "<" and _constant(left):
            kind, left, right = ">", right, left
        if kind == "in":
            constants = tuple(item[2] for item in right[1:]) if _begins(right, "members") else None
        else:
            constants = (right[2],) if _constant(right) else None
        if constants is None:
            return None
        return _subject(left, str(kind), constants)
    return _subject(key, "truth", ())


def follows(facts: Sequence[Fact], question: Question) -> bool | None:
    """The answer that all values agree on for which the facts hold; None where they differ or none is left.

    Numbers are whole where all constants are, and what is compared with a bool is one, or None.
    """
    if not facts:
        return None
    left = [value for value in _candidates([question, *(fact for fact, _ in facts)]) if _holds(facts, value)]
    answers = set()
    for value in left:
        try:
            answers.add(question.of(value))
        except TypeError:
            continue
    return answers.pop() if len(answers) == 1 else None


def _subject(key: Key, kind: str, constants: tuple[Constant, ...]) -> tuple[Key, Question] | None:
    period = None
    if isinstance(key, tuple) and len(key) == 3 and key[0] == "Mod":
        key, divisor = key[1:]
        period = divisor[2] if isinstance(divisor, tuple) and _constant(divisor) else None
        if type(period) is not int or period <= 0:
            return None
    readable = isinstance(key, tuple) and key[0] in _READ
    return (key, Question(kind, constants, period)) if readable else None


def _constant(key: Key) -> bool:
    return _begins(key, "const") and isinstance(key, tuple) and key[1] in ("str", "int", "float", "bool", "NoneType")


def _begins(key: Key, word: str) -> bool:
    return isinstance(key, tuple) and key[:1] == (word,)


def _holds(facts: Sequence[Fact], value: Constant) -> bool:
    try:
        return all(fact.of(value) is answer for fact, answer in facts)
    except TypeError:
        return False


def _candidates(questions: Sequence[Question]) -> list[Constant]:
    """A value of each kind that the questions can tell apart."""
    constants = {constant for question in questions for constant in question.constants if constant is not None}
    periods = [question.period for question in questions if question.period is not None]
    if any(isinstance(constant, bool) for constant in constants):
        return [True, False, None] if all(isinstance(constant, bool) for constant in constants) and not periods else []
    numbers = sorted({0, 1, *(constant for constant in constants if isinstance(constant, (int, float)))})
    found: list[Constant] = [None, "", _OTHER, *(constant for constant in constants if isinstance(constant, str))]
    if periods:
        reach = max(periods) + 1
        least, most = int(numbers[0]) - reach, int(numbers[-1]) + reach
        return [] if most - least > _MOST else [*found, *range(least, most + 1)]
    found += [value for number in numbers for value in (number - 1, number, number + 1)]
    if any(isinstance(number, float) for number in numbers):
        found += [(low + high) / 2 for low, high in pairwise(numbers)]
    return found
