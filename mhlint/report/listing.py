"""What every format is given: the findings, the sources they lie in, and how paths are shown."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mhlint.documents import open_document
from mhlint.findings import Applicability, Edit, Finding, Fix, Place, Position
from mhlint.source import Source

_RULES_PAGE = "https://github.com/mhlint/mhlint/blob/main/docs/rules.md"


def rule_url(name: str) -> str:
    """Where a rule is explained."""
    return f"{_RULES_PAGE}#{name}"


class Shown(NamedTuple):
    """A place as the reader of the file counts it: within a cell for a notebook."""

    filename: str
    cell: int | None
    start: Position
    end: Position


@dataclass(frozen=True)
class Listing:
    """The findings to show. `sources` may lack a file of a related place: it is read when it is shown.

    `base` is the folder that relative paths start from; `unsafe_fixes`: unsafe fixes count as applicable;
    `fixed` is how many findings were mended before this listing was made; `summary`: the formats for people end
    in a count.
    """

    findings: tuple[Finding, ...]
    sources: Mapping[str, Source] = field(default_factory=dict)
    base: str = ""
    color: bool = False
    unsafe_fixes: bool = False
    fixed: int = 0
    summary: bool = True

    def source(self, path: str) -> Source | None:
        """The source of a file; None where it cannot be read."""
        if path in self.sources:
            return self.sources[path]
        try:
            with open(path, "rb") as file:
                return open_document(path, file.read()).source
        except (OSError, ValueError, RecursionError):
            return None

    def relative(self, path: str) -> str:
        """A path as the text formats show it: relative where it lies below `base`."""
        top = self.base.rstrip(os.sep) + os.sep
        return path[len(top) :] if self.base and path.startswith(top) else path

    def shown(self, place: Place) -> Shown:
        """A place as the reader of the file counts it."""
        source = self.source(place.filename) if place.filename.endswith(".ipynb") else None
        if source is None or not source.cells:
            return Shown(place.filename, None, place.start, place.end)
        from mhlint.notebooks import cell_at, in_cell

        cell = cell_at(source, place.start.row)
        start, end = in_cell(source, place.start, cell), in_cell(source, place.end, cell)
        return Shown(place.filename, cell.number if cell else None, start, end)

    def edits(self, finding: Finding) -> Iterator[Edit]:
        """The edits of a finding's fix as the reader of the file counts rows."""
        edits = finding.fix.edits if finding.fix else ()
        path = finding.place.filename
        source = self.source(path) if path.endswith(".ipynb") else None
        if source is None or not source.cells:
            yield from edits
            return
        from mhlint.notebooks import home_cells, in_cell

        for index, own in home_cells(source, edits).items():
            cell = source.cells[index]
            for edit in own:
                yield Edit(edit.content, in_cell(source, edit.start, cell), in_cell(source, edit.end, cell))

    def applicable(self, fix: Fix | None) -> bool:
        """Whether --fix (with --unsafe-fixes if that is given) applies a fix."""
        if fix is None or not fix.edits:
            return False
        unsafe = self.unsafe_fixes and fix.applicability is Applicability.UNSAFE
        return unsafe or fix.applicability is Applicability.SAFE

    def heading(self, finding: Finding) -> str:
        """`path:row:column`, with the cell of a notebook."""
        place = self.shown(finding.place)
        cell = f":cell {place.cell}" if place.cell is not None else ""
        return f"{self.relative(place.filename)}{cell}:{place.start.row}:{place.start.column}"
