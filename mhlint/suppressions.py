"""`# noqa`, `# mhlint: ignore` and `# mhlint: skip-file`: which findings the author has silenced."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from mhlint.findings import Edit, Finding, Position
from mhlint.source import Source

_CODES = r"[A-Za-z][A-Za-z0-9]*[0-9]+"
# flake8 and ruff accept a missing space, any case, and codes apart by commas or blanks.
_NOQA = re.compile(rf"#\s*noqa(?!\w)(?:\s*:\s*(?P<codes>{_CODES}(?:[\s,]+{_CODES})*))?", re.IGNORECASE)
_IGNORE = re.compile(r"#\s*mhlint\s*:\s*ignore(?![\w-])(?:\s*\[(?P<codes>[^\]]*)\])?", re.IGNORECASE)
_SKIP_FILE = re.compile(r"#\s*mhlint\s*:\s*skip-file\s*$", re.IGNORECASE)
# flake8's and ruff's words for a whole file count on a row of their own. Ruff's without codes is ruff's affair.
_FILE_NOQA = re.compile(
    rf"#\s*(?P<tool>flake8\s*[:=]|ruff\s*:)\s*noqa(?:\s*:\s*(?P<codes>{_CODES}(?:[\s,]+{_CODES})*))?\s*$",
    re.IGNORECASE,
)
_MARKS = re.compile(r"#[^\n]*(?:noqa|mhlint\s*:)", re.IGNORECASE)


class Silence(NamedTuple):
    """The codes (or prefixes, or names) that a row silences, empty for all; `ours`: by `# mhlint: ignore`."""

    codes: tuple[str, ...]
    ours: bool


@dataclass(frozen=True)
class Suppressions:
    """What a source's comments silence, and the rows that each of its logical lines spans."""

    silenced: dict[int, tuple[Silence, ...]]
    spans: dict[int, tuple[int, int]]
    whole_file: bool = False
    everywhere: tuple[Silence, ...] = ()

    def span(self, row: int) -> tuple[int, int]:
        """The first and last row of the statement (or statement head) that a row belongs to."""
        return self.spans.get(row, (row, row))

    def silences(self, finding: Finding, only_ours: bool = False) -> bool:
        """Whether a comment on any row of the finding's statement silences it, or the file is skipped."""
        if self.whole_file:
            return True
        first, last = self.span(finding.place.start.row)
        return any(
            _means(silence, finding)
            for silences in (self.everywhere, *(self.silenced.get(row, ()) for row in range(first, last + 1)))
            for silence in silences
            if silence.ours or not only_ours
        )


def _means(silence: Silence, finding: Finding) -> bool:
    if not silence.codes:
        return True
    return any(
        finding.code.startswith(code.upper()) or finding.name == code.lower()
        for code in silence.codes
        if code
    )


def suppressions(source: Source) -> Suppressions:
    """The suppressions of a source; where it cannot be read as tokens, from what looks like a comment."""
    comments: list[tuple[int, str]] = []
    spans: dict[int, tuple[int, int]] = {}
    try:
        for first, last, found in _logical_lines(source):
            comments += found
            if last > first:
                spans.update(dict.fromkeys(range(first, last + 1), (first, last)))
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError):
        comments = [(row, line[line.find("#") :]) for row, line in enumerate(source.lines, 1) if "#" in line]
    silenced: dict[int, tuple[Silence, ...]] = {}
    everywhere: list[Silence] = []
    whole_file = False
    for row, comment in comments:
        if not _MARKS.search(comment):
            continue
        whole_file = whole_file or _SKIP_FILE.search(comment) is not None
        if (of_file := _FILE_NOQA.match(comment)) and source.lines[row - 1].lstrip().startswith("#"):
            flake8 = of_file["tool"].lower().startswith("flake8")
            whole_file = whole_file or (flake8 and not of_file["codes"])
            if of_file["codes"]:
                everywhere.append(Silence(_codes(of_file["codes"]), not flake8))
        if silences := tuple(_silences(comment)):
            silenced[row] = silenced.get(row, ()) + silences
    return Suppressions(silenced, spans, whole_file, tuple(everywhere))


def _silences(comment: str) -> Iterator[Silence]:
    for pattern, ours in ((_NOQA, False), (_IGNORE, True)):
        for found in pattern.finditer(comment):
            codes = _codes(found["codes"] or "")
            if codes or not found["codes"]:
                yield Silence(codes, ours)


def _codes(text: str) -> tuple[str, ...]:
    return tuple(code for code in re.split(r"[\s,]+", text) if code)


def _logical_lines(source: Source) -> Iterator[tuple[int, int, list[tuple[int, str]]]]:
    # Only \n, \r\n and \r end a row for Python and for our rows; tokenize is given each as \n.
    text = "".join(_shortened(line.rstrip("\r\n")) + "\n" for line in source.lines)
    first = 0
    comments: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.append((token.start[0], token.string))
        elif token.type == tokenize.NEWLINE:
            yield first or token.start[0], token.start[0], comments
            first, comments = 0, []
        elif (
            token.type not in (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
            and not first
        ):
            first = token.start[0]
    yield 0, 0, comments


_LONG_LINE = 10_000
_TABLE = re.compile(r"""(?:[-\w.]+,[ ]?){50,}|(?:"\w*",[ ]?){50,}|(?:'\w*',[ ]?){50,}""")


def _shortened(line: str) -> str:
    """A line without most items of a table in it, which would take seconds to be read as tokens and say nothing."""
    return line if len(line) < _LONG_LINE or "#" in line else _TABLE.sub("0, ", line)


def with_noqa_row(finding: Finding, found: Suppressions) -> Finding:
    """The finding with the row that its `# noqa` goes to: the last one of its statement."""
    if finding.noqa_row is not None:
        return finding
    return replace(finding, noqa_row=found.span(finding.place.start.row)[1])


def noqa_edits(source: Source, findings: Iterable[Finding]) -> tuple[Edit, ...]:
    """The edits that write `# noqa: CODES` on each finding's row, adding to codes that are there."""
    found = suppressions(source)
    by_row: dict[int, set[str]] = {}
    for finding in findings:
        row = finding.noqa_row or found.span(finding.place.start.row)[1]
        by_row.setdefault(row, set()).add(finding.code)
    return tuple(_noqa_edit(source, row, codes, found) for row, codes in sorted(by_row.items()))


def _noqa_edit(source: Source, row: int, codes: set[str], found: Suppressions) -> Edit:
    line = source.lines[row - 1].rstrip("\r\n")
    existing = [silence for silence in found.silenced.get(row, ()) if not silence.ours and silence.codes]
    if existing:
        old = list(_NOQA.finditer(line))[-1]
        new = "# noqa: " + ", ".join([*existing[-1].codes, *sorted(codes - set(existing[-1].codes))])
        return Edit(new, Position(row, old.start() + 1), Position(row, old.end() + 1))
    body = line.rstrip()
    end = Position(row, len(line) + 1)
    return Edit(f"  # noqa: {', '.join(sorted(codes))}", Position(row, len(body) + 1), end)
