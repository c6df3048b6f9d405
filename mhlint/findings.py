"""The words every room shares: a place in a source, a finding, a fix and its edits.

Rows and columns are 1-based; a column counts code points. `end_*` is exclusive, as in ruff's JSON.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Confidence(str, Enum):
    """How sure a verdict is: `certain` when no unknown stands between the words and the verdict."""

    CERTAIN = "certain"
    LIKELY = "likely"


class Applicability(str, Enum):
    """How a fix may be applied: `safe` by --fix, `unsafe` by --unsafe-fixes, `display` by a person only."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    DISPLAY = "display"


class Position(NamedTuple):
    """A 1-based row and a 1-based code point column."""

    row: int
    column: int


class Place(NamedTuple):
    """A stretch of a file's analysed text, from `start` up to but not including `end`."""

    filename: str
    start: Position
    end: Position


class Edit(NamedTuple):
    """Replace the text from `start` to `end` (exclusive) by `content`; `start == end` inserts."""

    content: str
    start: Position
    end: Position


@dataclass(frozen=True)
class Fix:
    """Edits that belong together, what they do in a few words, and how far they can be trusted."""

    applicability: Applicability
    message: str
    edits: tuple[Edit, ...] = ()


class Related(NamedTuple):
    """A second place that explains a finding: where the graph was built, where it was freed."""

    message: str
    place: Place


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, where, how sure that is, and how to mend it.

    `message` is one sentence of plain English; `advice` is what to do instead; `when` lists the branch choices
    that the finding needs (empty when every path shows it).
    """

    code: str
    name: str
    message: str
    place: Place
    confidence: Confidence = Confidence.CERTAIN
    advice: str = ""
    when: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    fix: Fix | None = None
    noqa_row: int | None = None
    sort_key: tuple[object, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        key = (self.place.filename, self.place.start, self.code, self.place.end, self.message)
        object.__setattr__(self, "sort_key", key)

    def __lt__(self, other: Finding) -> bool:
        return self.sort_key < other.sort_key
