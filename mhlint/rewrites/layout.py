"""Where statements stand: their blocks, loops and functions, and which of them can be edited line by line."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from mhlint.findings import Edit, Position
from mhlint.syntax.program import Program

Loop = ast.For | ast.AsyncFor | ast.While
Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | ast.Module

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class CannotEdit(Exception):
    """The text does not allow this edit; the message says why."""


@dataclass(frozen=True)
class Layout:
    """The statements of a program and the lines they fill."""

    program: Program

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return {child: parent for parent in ast.walk(self.program.tree) for child in ast.iter_child_nodes(parent)}

    def around(self, node: ast.AST) -> list[ast.AST]:
        """What encloses a node, innermost first."""
        found = []
        while (parent := self.parents.get(node)) is not None:
            found.append(parent)
            node = parent
        return found

    def statement(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that a node belongs to."""
        for item in (node, *self.around(node)):
            if isinstance(item, ast.stmt):
                return item
        raise CannotEdit("it is no part of a statement")

    def scope(self, node: ast.AST) -> Scope:
        """The innermost function, class or module around a node."""
        for item in self.around(node):
            if isinstance(item, Scope):
                return item
        return self.program.tree

    def block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The list of statements that holds a statement."""
        parent = self.parents[statement]
        for name in _BLOCKS:
            held = getattr(parent, name, None)
            if isinstance(held, list) and any(item is statement for item in held):
                return held
        raise CannotEdit("its block is not found")

    def named_line(self, node: ast.AST) -> str:
        """`line 12`: where a node begins, as the reader of the file counts it."""
        return self.program.source.line(self.program.place(node).start.row)

    def text(self, node: ast.AST) -> str:
        """The source text of a node as it stands."""
        place = self.program.place(node)
        source = self.program.source
        return source.text[source.offset(place.start) : source.offset(place.end)]

    def line(self, row: int) -> str:
        return self.program.source.lines[row - 1]

    def indent(self, statement: ast.stmt) -> str:
        """The white space in front of a statement's line. Raises CannotEdit where the line begins with other code."""
        return margin(self, row_of(self, statement)[0])

    @cached_property
    def unit(self) -> str:
        """What the program indents a block by: as most of its blocks are."""
        units: Counter[str] = Counter()
        for node in ast.walk(self.program.tree):
            body = getattr(node, "body", None)
            if isinstance(node, ast.stmt) and isinstance(body, list) and body[0].lineno > node.lineno:
                outer, inner = (_white(self.line(item.lineno)) for item in (node, body[0]))
                if len(inner) > len(outer) and inner.startswith(outer):
                    units[inner[len(outer) :]] += 1
        return units.most_common(1)[0][0] if units else "    "

    def break_of(self, row: int) -> str:
        """The line break that the lines around a row end in."""
        lines = self.program.source.lines
        for line in (lines[row - 1], *lines[: row - 1][::-1]):
            if ending := line[len(line.rstrip("\r\n")) :]:
                return ending
        return "\n"

    def delete(self, *statements: ast.stmt) -> list[Edit]:
        """Delete statements: with their lines and a comment at the end, or from a line that others share."""
        return [edit for row in rows_of(self, statements) for edit in _deleted(self, row, statements)]

    def replace(self, node: ast.AST, content: str) -> Edit:
        """Put other text in a node's place; only what differs is edited."""
        place = self.program.place(node)
        old = self.text(node)
        start, end = 0, 0
        while start < min(len(old), len(content)) and old[start] == content[start] and old[start] not in "\r\n":
            start += 1
        while end < min(len(old), len(content)) - start and old[-1 - end] == content[-1 - end] != "\n":
            end += 1
        begin = Position(place.start.row, place.start.column + start)
        tail = old[len(old) - end :]
        finish = Position(place.end.row, place.end.column - len(tail))
        return Edit(content[start : len(content) - end], begin, finish)

    def insert_after(self, statement: ast.stmt, *lines: str) -> Edit:
        """New lines behind a statement, indented as it is; in its own line where other statements follow there."""
        row = row_of(self, statement)
        if statement is not row[-1] or begins_inside(self, row[0]):
            end = self.program.place(statement).end
            return Edit("".join(f"; {line}" for line in _simple(lines)), end, end)
        before = margin(self, row[0])
        number = self.program.place(statement).end.row
        ending = self.break_of(number)
        at = self.after(number)
        text = "".join(f"{before}{line}{ending}" for line in lines)
        if not self.line(number).endswith(("\n", "\r")):
            text = ending + text[: -len(ending)]
        return Edit(text, at, at)

    def insert_before(self, statement: ast.stmt, *lines: str) -> Edit:
        """New lines in front of a statement, indented as it is; in its own line where others stand before it."""
        row = row_of(self, statement)
        if statement is not row[0] or begins_inside(self, statement):
            start = self.program.place(statement).start
            return Edit("".join(f"{line}; " for line in _simple(lines)), start, start)
        number = first_row(statement)
        ending = self.break_of(number)
        text = "".join(f"{margin(self, statement)}{line}{ending}" for line in lines)
        return Edit(text, Position(number, 1), Position(number, 1))

    def after(self, row: int) -> Position:
        """The place behind a line's break."""
        line = self.line(row)
        return Position(row + 1, 1) if line.endswith(("\n", "\r")) else Position(row, len(line) + 1)


def first_row(statement: ast.stmt) -> int:
    """The row of a statement or of its first decorator."""
    decorators = getattr(statement, "decorator_list", [])
    rows: list[int] = [statement.lineno, *(decorator.lineno for decorator in decorators)]
    return min(rows)


def row_of(layout: Layout, statement: ast.stmt) -> list[ast.stmt]:
    """The statements of a block that share lines with one, `a; b; c`, itself among them."""
    block = layout.block(statement)
    here = next(index for index, item in enumerate(block) if item is statement)
    first = last = here
    while first and block[first - 1].end_lineno == block[first].lineno:
        first -= 1
    while last + 1 < len(block) and block[last].end_lineno == block[last + 1].lineno:
        last += 1
    return block[first : last + 1]


def rows_of(layout: Layout, statements: Iterable[ast.stmt]) -> list[list[ast.stmt]]:
    """The rows that statements stand in, each once."""
    rows: list[list[ast.stmt]] = []
    for statement in statements:
        if not any(statement is member for row in rows for member in row):
            rows.append(row_of(layout, statement))
    return rows


def begins_inside(layout: Layout, statement: ast.stmt) -> bool:
    """Does a row of statements begin behind other code, as in `for x in xs: f(x)`?"""
    row, column = first_row(statement), layout.program.place(statement).start.column
    before = layout.line(row)[: column - 1] if row == statement.lineno else ""
    return bool(before.strip(" \t\f\ufeff"))


def margin(layout: Layout, statement: ast.stmt) -> str:
    """The white space in front of a row's first statement. Raises CannotEdit where something else stands there."""
    row = first_row(statement)
    if begins_inside(layout, statement):
        raise CannotEdit("a block shares its line with what it belongs to")
    if row > 1 and layout.line(row - 1).rstrip("\r\n").endswith("\\"):
        raise CannotEdit("a backslash joins the lines")
    return _white(layout.line(row))


def _white(line: str) -> str:
    """The white space in front of a line."""
    return re.match(r"[\ufeff]?([ \t\f]*)", line)[1]  # type: ignore[index]


def _simple(lines: Iterable[str]) -> Iterable[str]:
    """Lines that can stand in a row. Raises CannotEdit for a block or what fills several lines."""
    for line in lines:
        body = ast.parse(line.strip()).body if not line.rstrip().endswith(":") and "\n" not in line else []
        if len(body) != 1 or line[:1] in " \t":
            raise CannotEdit("several statements share a line, and a new block does not fit between them")
        yield line


def _deleted(layout: Layout, row: list[ast.stmt], statements: tuple[ast.stmt, ...]) -> Iterable[Edit]:
    gone = [any(member is statement for statement in statements) for member in row]
    places = [layout.program.place(member) for member in row]
    if all(gone):
        margin(layout, row[0])
        yield Edit("", Position(first_row(row[0]), 1), layout.after(places[-1].end.row))
        return
    last = max(index for index, is_gone in enumerate(gone) if not is_gone)
    for index in range(last):
        if gone[index]:
            yield Edit("", places[index].start, places[index + 1].start)
    if last + 1 < len(row):
        yield Edit("", places[last].end, places[-1].end)


def loops_around(layout: Layout, node: ast.AST) -> list[Loop]:
    """The loops around a node within its function, innermost first."""
    found: list[Loop] = []
    inner: ast.AST = node
    for item in layout.around(node):
        if isinstance(item, Scope):
            break
        if isinstance(item, Loop) and any(part is inner for part in item.body):
            found.append(item)
        inner = item
    return found
