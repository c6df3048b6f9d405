"""Which files can hold a finding at all: a search for byte strings, before anything is decoded or parsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mhlint.rules.rule import Rule


def needles(
    codes: Iterable[str], rules: Mapping[str, Rule], backward_calls: tuple[str, ...]
) -> tuple[bytes, ...]:
    """The byte strings of which a file must hold one for a rule that is on to be able to fire there."""
    on = [rules[code] for code in codes if code in rules]
    wanted = {trigger for rule in on if not rule.pattern for trigger in rule.triggers}
    if wanted:
        wanted |= {name.rpartition(".")[2].encode() for name in backward_calls}
    # A string that contains another one adds nothing to the search.
    return tuple(
        sorted(item for item in wanted if not any(other in item for other in wanted if other != item))
    )


Guarded = tuple[tuple[bytes, re.Pattern[bytes]], ...]


def guarded(codes: Iterable[str], rules: Mapping[str, Rule]) -> Guarded:
    """Common words, each with the pattern that must match beside it, of the rules that are on."""
    on = (rules[code] for code in codes if code in rules and rules[code].pattern)
    return tuple((word, re.compile(rule.pattern)) for rule in on for word in rule.triggers)


def passes(data: bytes, wanted: tuple[bytes, ...], beside: Guarded = ()) -> bool:
    """Whether the file can hold a finding."""
    if any(needle in data for needle in wanted):
        return True
    return any(word in data and pattern.search(data) is not None for word, pattern in beside)
