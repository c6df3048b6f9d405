"""The lines of code a finding speaks of, its place underlined, the places that explain it labelled."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

from mhlint.findings import Finding, Position
from mhlint.notebooks import cell_at
from mhlint.report.colors import paint
from mhlint.report.listing import Listing
from mhlint.source import Source

_CONTEXT = 1
_WIDEST = 160


class _Mark(NamedTuple):
    start: Position
    end: Position
    label: str
    main: bool


def frame(finding: Finding, listing: Listing) -> list[str]:
    """The lines of a finding's frame; none where the source cannot be read."""
    places = [(finding.place, "", True)] + [
        (related.place, related.message, False) for related in finding.related
    ]
    by_file: dict[str, list[_Mark]] = {}
    for place, label, main in places:
        by_file.setdefault(place.filename, []).append(_Mark(place.start, place.end, label, main))
    sources = {path: listing.source(path) for path in by_file}
    rows = [mark.start.row for path, marks in by_file.items() if sources[path] for mark in marks]
    margin = len(str(max(rows, default=0) + _CONTEXT))
    lines: list[str] = []
    for path, marks in by_file.items():
        source = sources[path]
        if source is None or not source.lines:
            continue
        if path != finding.place.filename:
            shown = listing.relative(path)
            lines.append(paint(" " * margin + "::: ", "blue", listing.color) + shown)
        lines += _block(source, sorted(marks), margin, listing)
    return lines


def _block(source: Source, marks: list[_Mark], margin: int, listing: Listing) -> Iterator[str]:
    bar = paint(" " * margin + " |", "blue", listing.color)
    by_row: dict[int, list[_Mark]] = {}
    for mark in marks:
        by_row.setdefault(mark.start.row, []).append(mark)
    yield bar
    before = None
    for row in _rows_shown(source, marks):
        if before is not None and row > before + 1:
            yield paint("." * max(margin, 3), "blue", listing.color)
        before = row
        cell = cell_at(source, row)
        number = row - cell.first_row + 1 if cell else row
        text = source.lines[row - 1].rstrip("\r\n").rstrip()[:_WIDEST]
        yield (paint(f"{number:>{margin}} |", "blue", listing.color) + " " + text).rstrip()
        for mark in sorted(by_row.get(row, ()), key=lambda mark: not mark.main):
            yield bar + " " + _underline(source.lines[row - 1].rstrip("\r\n"), mark, listing.color)
    yield bar


def _rows_shown(source: Source, marks: list[_Mark]) -> list[int]:
    rows = {mark.start.row for mark in marks if mark.start.row <= len(source.lines)}
    for mark in marks:
        cell = cell_at(source, mark.start.row)
        first = cell.first_row if cell else 1
        last = cell.first_row + cell.rows - 1 if cell else len(source.lines)
        if mark.main:
            rows |= set(
                range(max(first, mark.start.row - _CONTEXT), min(last, mark.start.row + _CONTEXT) + 1)
            )
    return sorted(rows)


def _underline(line: str, mark: _Mark, color: bool) -> str:
    start = min(mark.start.column - 1, len(line))
    end = mark.end.column - 1 if mark.end.row == mark.start.row else len(line.rstrip())
    # A tab stays a tab, so that the mark stands below its text whatever a tab is worth.
    indent = "".join(char if char == "\t" else " " * _width(char) for char in line[:start])
    length = max(1, sum(map(_width, line[start : max(start, end)])))
    sign = "^" if mark.main else "-"
    style = "red" if mark.main else "blue"
    text = sign * min(length, _WIDEST) + (f" {mark.label}" if mark.label else "")
    return indent + paint(text, style, color)


def _width(char: str) -> int:
    if char.isascii():
        return 1
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
