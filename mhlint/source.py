"""One text to analyse: a Python file, or the joined code cells of a notebook."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from mhlint.findings import Edit, Position

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


@dataclass(frozen=True)
class Cell:
    """One code cell of a notebook: its 1-based number among all cells, and its first row in the joined text."""

    number: int
    first_row: int
    rows: int


@dataclass(frozen=True)
class Source:
    """A decoded text and where it comes from; line ends are kept as they are in the file.

    `cells` is empty for a Python file. For a notebook `text` is the code cells joined, each ending in a line
    break, with magics and shell lines turned into comments of the same length.
    """

    path: str
    text: str
    cells: tuple[Cell, ...] = ()
    lines: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(_LINE.findall(self.text)))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        starts, offset = [], 0
        for line in self.lines:
            starts.append(offset)
            offset += len(line)
        return (*starts, offset)

    def column(self, row: int, utf8_offset: int) -> int:
        """The 1-based code point column of a UTF-8 offset in a row, as `ast` counts them."""
        line = self.lines[row - 1] if 0 < row <= len(self.lines) else ""
        if line.isascii():
            return utf8_offset + 1
        return len(line.encode("utf-8", "surrogatepass")[:utf8_offset].decode("utf-8", "ignore")) + 1

    def offset(self, position: Position) -> int:
        """The index into `text` of a position (clamped to the text)."""
        row = min(max(position.row, 1), len(self._starts))
        return min(self._starts[row - 1] + position.column - 1, len(self.text))

    def line(self, row: int, seen_from: int = 0) -> str:
        """`line 12` as the reader counts it: in a notebook within its cell, named if `seen_from` another one."""
        for cell in self.cells:
            rows = range(cell.first_row, cell.first_row + cell.rows)
            if row in rows:
                line = f"line {row - cell.first_row + 1}"
                return line if seen_from in rows else f"{line} of cell {cell.number}"
        return f"line {row}"

    def apply(self, edits: tuple[Edit, ...]) -> str:
        """The text with `edits` made; they must not overlap (ValueError)."""
        pieces, done = [], 0
        for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
            start, end = self.offset(edit.start), self.offset(edit.end)
            if start < done or end < start:
                raise ValueError(f"overlapping edits at {edit.start}")
            pieces += [self.text[done:start], edit.content]
            done = end
        return "".join([*pieces, self.text[done:]])
