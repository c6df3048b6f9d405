"""Where statements stand: their blocks, loops and functions, and which of them can be edited line by line."""

from __future__ import annotations

import ast
import re
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
        return {
            child: parent for parent in ast.walk(self.program.tree) for child in ast.iter_child_nodes(parent)
        }

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
        """The white space in front of a statement. Raises CannotEdit if it does not own its lines."""
        self.require_own_lines(statement)
        return re.match(r"[\ufeff]?([ \t\f]*)", self.line(_first_row(statement)))[1]  # type: ignore[index]

    def break_of(self, row: int) -> str:
        """The line break that the lines around a row end in."""
        lines = self.program.source.lines
        for line in (lines[row - 1], *lines[: row - 1][::-1]):
            if ending := line[len(line.rstrip("\r\n")) :]:
                return ending
        return "\n"

    def require_own_lines(self, statement: ast.stmt) -> None:
        """Raises CannotEdit where other code shares a statement's lines, or where lines are joined by a backslash."""
        place = self.program.place(statement)
        first, last = _first_row(statement), place.end.row
        before = self.line(first)[: place.start.column - 1] if first == place.start.row else ""
        after = self.line(last)[place.end.column - 1 :]
        if before.strip(" \t\f\ufeff") or not re.fullmatch(r"\s*(#.*)?\s*", after):
            raise CannotEdit("several statements share a line")
        if first > 1 and self.line(first - 1).rstrip("\r\n").endswith("\\"):
            raise CannotEdit("a backslash joins the lines")

    def delete(self, statement: ast.stmt) -> Edit:
        """Delete a statement with its lines, and a comment at its end."""
        self.require_own_lines(statement)
        first, last = _first_row(statement), self.program.place(statement).end.row
        return Edit("", Position(first, 1), self._after(last))

    def replace(self, node: ast.AST, content: str) -> Edit:
        """Put other text in a node's place; only what differs is edited."""
        place = self.program.place(node)
        old = self.text(node)
        start, end = 0, 0
        while (
            start < min(len(old), len(content)) and old[start] == content[start] and old[start] not in "\r\n"
        ):
            start += 1
        while end < min(len(old), len(content)) - start and old[-1 - end] == content[-1 - end] != "\n":
            end += 1
        begin = Position(place.start.row, place.start.column + start)
        tail = old[len(old) - end :]
        finish = Position(place.end.row, place.end.column - len(tail))
        return Edit(content[start : len(content) - end], begin, finish)

    def insert_after(self, statement: ast.stmt, *lines: str, indent: str | None = None) -> Edit:
        """New lines behind a statement, indented as it is."""
        margin = self.indent(statement) if indent is None else indent
        row = self.program.place(statement).end.row
        ending = self.break_of(row)
        at = self._after(row)
        text = "".join(f"{margin}{line}{ending}" for line in lines)
        if not self.line(row).endswith(("\n", "\r")):
            text = ending + text[: -len(ending)]
        return Edit(text, at, at)

    def insert_before(self, statement: ast.stmt, *lines: str) -> Edit:
        """New lines in front of a statement, indented as it is."""
        margin = self.indent(statement)
        row = _first_row(statement)
        ending = self.break_of(row)
        return Edit("".join(f"{margin}{line}{ending}" for line in lines), Position(row, 1), Position(row, 1))

    def _after(self, row: int) -> Position:
        line = self.line(row)
        return Position(row + 1, 1) if line.endswith(("\n", "\r")) else Position(row, len(line) + 1)


def _first_row(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    rows: list[int] = [statement.lineno, *(decorator.lineno for decorator in decorators)]
    return min(rows)


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
