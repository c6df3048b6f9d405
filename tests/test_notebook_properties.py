"""Whatever a cell holds: its shape stays, and an edit reaches its own string only."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from mhlint.documents import edited, open_document
from mhlint.findings import Edit, Position
from mhlint.json_spans import parse
from mhlint.magics import without_magics
from mhlint.source import Source

LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["%%time", "%%bash", "!ls \\", "x = !ls", "  %cd", "a?", "'''", '"""', "f(", ")", "\\", "# %"]
        ),
        st.text(alphabet=st.characters(blacklist_categories=["Cs"]), max_size=12),
    ),
    max_size=6,
)
CELLS = st.lists(LINES.map("\n".join), min_size=1, max_size=4)


@given(LINES)
@settings(max_examples=200, deadline=None)
def test_every_line_keeps_its_length_and_its_end(lines: list[str]) -> None:
    cell = "\n".join(lines)
    before, after = Source("", cell).lines, Source("", without_magics(cell)).lines
    assert [len(line) for line in after] == [len(line) for line in before]
    assert [line[len(line.rstrip("\r\n")) :] for line in after] == [
        line[len(line.rstrip("\r\n")) :] for line in before
    ]
    assert without_magics(cell) == without_magics(without_magics(cell)) or "%%" in cell or "\\" in cell


@given(CELLS, st.booleans(), st.booleans(), st.integers(0, 50), st.sampled_from([None, 1, 4]))
@settings(max_examples=150, deadline=None)
def test_an_edit_changes_its_cell_and_nothing_else(
    cells: list[str], listed: bool, escaped: bool, row: int, indent: int | None
) -> None:
    def written(sources: list[str]) -> bytes:
        forms = [source.splitlines(keepends=True) if listed else source for source in sources]
        document = {
            "cells": [{"cell_type": "code", "source": form, "outputs": [form]} for form in forms],
            "x": "\u00e9",
        }
        return json.dumps(document, ensure_ascii=escaped, indent=indent).encode()

    document = open_document("n.ipynb", written(cells))
    assert edited(document, []) == document.data
    if not document.source.cells:
        return
    row = 1 + row % sum(cell.rows for cell in document.source.cells)
    cell = next(c for c in document.source.cells if c.first_row <= row < c.first_row + c.rows)
    here = Position(row, 1)
    changed = json.loads(edited(document, [(Edit("new = '\u65e5'; ", here, here),)]))
    sources = ["".join(item["source"]) for item in changed["cells"]]
    assert [a == b for a, b in zip(sources, cells, strict=True)].count(False) == 1
    assert [item["outputs"] for item in changed["cells"]] == [
        item["outputs"] for item in json.loads(document.data)["cells"]
    ]
    expected = number_of(document.source.cells, cell, row)
    assert "new = '\u65e5'; " in sources[expected]


def number_of(cells: tuple[object, ...], cell: object, row: int) -> int:
    """The index (among all cells) of the one that an insertion at a row's start goes to."""
    index = cells.index(cell)
    at_seam = row == cell.first_row and index > 0  # type: ignore[attr-defined]
    return cells[index - 1 if at_seam else index].number - 1  # type: ignore[attr-defined,no-any-return]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(JSON, st.booleans(), st.sampled_from([None, 0, 3]))
@settings(max_examples=150, deadline=None)
def test_the_json_reader_reads_what_json_reads(value: object, escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent)
    assert parse(text) == json.loads(text) == value
