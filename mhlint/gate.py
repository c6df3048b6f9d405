"""Which files can hold a finding at all: a search for byte strings, before anything is decoded or parsed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mhlint.rules.rule import Rule


def needles(
    codes: Iterable[str], rules: Mapping[str, Rule], backward_calls: tuple[str, ...]
) -> tuple[bytes, ...]:
    """The byte strings of which a file must hold one for a rule that is on to be able to fire there."""
    wanted = {trigger for code in codes if code in rules for trigger in rules[code].triggers}
    if wanted:
        wanted |= {name.rpartition(".")[2].encode() for name in backward_calls}
    # A string that contains another one adds nothing to the search.
    return tuple(
        sorted(item for item in wanted if not any(other in item for other in wanted if other != item))
    )


def passes(data: bytes, wanted: tuple[bytes, ...]) -> bool:
    """Whether the file can hold a finding."""
    return any(needle in data for needle in wanted)
