"""A Jupyter notebook as one source with a cell map, and edits written back into its JSON alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from mhlint.decoding import Unreadable
from mhlint.findings import Edit, Position
from mhlint.json_spans import Items, Literal, parse
from mhlint.magics import without_magics
from mhlint.source import Cell, Source


@dataclass(frozen=True)
class Notebook:
    """The raw JSON, the cells joined as they are (`original`) and as plain Python (`source`), their literals.

    Both sources have the same length, line for line, so an edit fits both.
    """

    raw: str
    source: Source
    original: Source
    literals: tuple[Literal | Items, ...]


def read_notebook(path: str, data: bytes) -> Notebook:
    """The code cells of a notebook; raises Unreadable for broken JSON and for what is not a notebook."""
    try:
        raw = data.decode("utf-8")
        document = parse(raw)
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg}", Position(error.lineno, error.colno)) from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"not utf-8: byte 0x{data[error.start]:02x}") from None
    except RecursionError:
        raise Unreadable("not a notebook: the JSON is nested too deeply") from None
    cells: list[Cell] = []
    literals: list[Literal | Items] = []
    original, plain, row = [], [], 1
    for number, literal in _code_cells(document):
        text = "".join(literal) if isinstance(literal, Items) else str(literal)
        if not text.strip():
            continue
        ended = text if text.endswith(("\n", "\r")) else text + "\n"
        rows = len(Source("", ended).lines)
        cells.append(Cell(number, row, rows))
        literals.append(literal)
        original.append(ended)
        plain.append(without_magics(ended))
        row += rows
    return Notebook(
        raw=raw,
        source=Source(path, "".join(plain), tuple(cells)),
        original=Source(path, "".join(original), tuple(cells)),
        literals=tuple(literals),
    )


def _code_cells(document: Any) -> list[tuple[int, Literal | Items]]:
    if not isinstance(document, dict):
        raise Unreadable("not a notebook: the JSON is not an object")
    sheets = document.get("worksheets")  # nbformat 3
    holders = sheets if isinstance(sheets, list) else [document]
    cells = [cell for holder in holders if isinstance(holder, dict) for cell in _list(holder.get("cells"))]
    if "cells" not in document and not isinstance(sheets, list):
        raise Unreadable("not a notebook: it has no cells")
    if _language(document) not in ("python", "ipython", "python3", ""):
        return []
    found: list[tuple[int, Literal | Items]] = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        text = cell.get("source", cell.get("input"))
        if isinstance(text, Literal) or (
            isinstance(text, Items) and all(isinstance(line, Literal) for line in text)
        ):
            found.append((number, text))
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _language(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    for section, key in (("kernelspec", "language"), ("language_info", "name")):
        entry = metadata.get(section) if isinstance(metadata, dict) else None
        if isinstance(entry, dict) and isinstance(entry.get(key), str):
            return str(entry[key]).lower()
    return ""


def cell_at(source: Source, row: int) -> Cell | None:
    """The cell that a row of the joined text lies in; None for a Python file."""
    for cell in source.cells:
        if cell.first_row <= row < cell.first_row + cell.rows:
            return cell
    return source.cells[-1] if source.cells else None


def in_cell(source: Source, position: Position, cell: Cell | None = None) -> Position:
    """A position as the reader of the file sees it: within its cell (or within `cell`), or in the file."""
    cell = cell or cell_at(source, position.row)
    return Position(position.row - cell.first_row + 1, position.column) if cell else position


def cell_text(source: Source, cell: Cell) -> str:
    """The joined text's part that is one cell."""
    return "".join(source.lines[cell.first_row - 1 : cell.first_row - 1 + cell.rows])


def home_cells(source: Source, edits: tuple[Edit, ...]) -> dict[int, list[Edit]]:
    """The edits of one fix by the index of their cell.

    An insertion where a cell ends and the next begins belongs to the cell that other edits of the fix touch,
    else to the one that ends there: a statement is added behind another one.
    """
    by_cell: dict[int, list[Edit]] = {}
    open_edits: list[tuple[int, Edit]] = []
    for edit in edits:
        index = max((i for i, cell in enumerate(source.cells) if cell.first_row <= edit.start.row), default=0)
        at_seam = edit.start == edit.end == Position(source.cells[index].first_row, 1)
        if at_seam and index > 0:
            open_edits.append((index, edit))
        else:
            by_cell.setdefault(index, []).append(edit)
    for index, edit in open_edits:
        stays = index in by_cell and index - 1 not in by_cell
        by_cell.setdefault(index if stays else index - 1, []).append(edit)
    return by_cell


def edited_notebook(notebook: Notebook, fixes: list[tuple[Edit, ...]]) -> bytes:
    """The notebook's bytes with the edits of several fixes made; only touched cells' source strings change.

    Raises ValueError for overlapping edits, and for one that reaches over the end of its cell.
    """
    original = notebook.original
    by_cell: dict[int, list[Edit]] = {}
    for edits in fixes:
        for index, own in home_cells(original, edits).items():
            by_cell.setdefault(index, []).extend(own)
    pieces: list[str] = []
    done = 0
    for index in sorted(by_cell):
        literal = notebook.literals[index]
        text = _edited_cell(original, original.cells[index], by_cell[index])
        before = "".join(literal)
        if not before.endswith(("\n", "\r")):
            text = text[:-1] if text.endswith("\n") else text
        pieces += [notebook.raw[done : literal.start], _literal(notebook.raw, literal, text)]
        done = literal.end
    return "".join([*pieces, notebook.raw[done:]]).encode("utf-8")


def _edited_cell(original: Source, cell: Cell, edits: list[Edit]) -> str:
    local = []
    for edit in edits:
        start, end = in_cell(original, edit.start, cell), in_cell(original, edit.end, cell)
        if end.row > cell.rows + 1 or (end.row == cell.rows + 1 and end.column > 1):
            raise ValueError("an edit reaches over the end of its cell")
        local.append(Edit(edit.content, start, end))
    return Source(original.path, cell_text(original, cell)).apply(tuple(local))


def _literal(raw: str, old: Literal | Items, text: str) -> str:
    """`text` as JSON in the cell's form (one string or a list of lines), in the file's way of escaping."""
    escaped = raw.isascii() and re.search(r"\\u[0-9a-fA-F]{4}", raw) is not None

    def dumped(value: str) -> str:
        return json.dumps(value, ensure_ascii=escaped)

    if isinstance(old, Literal):
        return dumped(text)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    if not lines:
        return "[]"
    kept_head = _shared(old, lines)
    kept_tail = _shared(old[::-1], lines[::-1], min(len(old), len(lines)) - kept_head)
    between = raw[old[0].end : old[1].start] if len(old) > 1 else "," + raw[old.start + 1 : old[0].start]
    written = [raw[line.start : line.end] for line in old[:kept_head]]
    written += [dumped(line) for line in lines[kept_head : len(lines) - kept_tail]]
    written += [raw[line.start : line.end] for line in old[len(old) - kept_tail :]]
    return raw[old.start : old[0].start] + between.join(written) + raw[old[-1].end : old.end]


def _shared(old: list[Literal], new: list[str], most: int | None = None) -> int:
    count = 0
    for before, after in zip(old, new, strict=False):
        if before != after or count == most:
            break
        count += 1
    return count
