"""What rewrites look at: one analysed source, its runs, and runs of the same source with something changed."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from mhlint.autograd.trace import Event, Runs
from mhlint.findings import Edit
from mhlint.rewrites.layout import Layout
from mhlint.source import Cell, Source
from mhlint.syntax.program import Program, Site, parse

Again = Callable[[Program], Runs]
"""Runs a program as the first run of the source was made."""

Where = tuple[str, int, int, int | None, int | None]
"""A node of a tree, known by its kind and place: the same in every parse of one text."""


def where(node: ast.AST) -> Where:
    """A node's kind and place."""
    return (
        type(node).__name__,
        getattr(node, "lineno", 0),
        getattr(node, "col_offset", 0),
        getattr(node, "end_lineno", None),
        getattr(node, "end_col_offset", None),
    )


_STEPS_OF_A_RUN = 4_000
"""A run that takes as many steps as n of these counts as n more in the budget."""


@dataclass
class Scene:
    """One source and its runs; `budget` bounds how often it is run again."""

    runs: Runs
    fix_style: str
    again: Again
    budget: int = 60
    kept: dict[object, Runs] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        return self.runs.program

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.program)

    @cached_property
    def _nodes(self) -> dict[Where, ast.AST]:
        return {where(node): node for node in ast.walk(self.program.tree) if hasattr(node, "lineno")}

    def find(self, site: Site) -> ast.AST | None:
        """The node of the source's own tree that stands where a site of another run stands."""
        if site.program.source.path != self.program.source.path:
            return None
        return self._nodes.get(where(site.node))

    def changed(self, key: object, change: Callable[[ast.Module], None]) -> Runs | None:
        """The runs of the source with its tree changed, its text as it is; None when the budget is spent."""
        if key not in self.kept:
            if self.budget <= 0:
                return None
            self.budget -= 1
            program = parse(self.program.source, self.program.name, self.program.is_package)
            change(program.tree)
            self.kept[key] = self._run(program)
        return self.kept[key]

    def edited(self, edits: tuple[Edit, ...]) -> Runs | None:
        """The runs of the source with edits made; None if it no longer parses or the budget is spent."""
        scene = self.with_edits(edits, self.fix_style)
        return None if scene is None else scene.runs

    def with_edits(self, edits: tuple[Edit, ...], fix_style: str) -> Scene | None:
        """The source with edits made, as a scene of its own that spends from the same budget."""
        if self.budget <= 0:
            return None
        self.budget -= 1
        source = self.program.source
        try:
            text = source.apply(edits)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                program = parse(
                    Source(source.path, text, _moved(source.cells, edits)),
                    self.program.name,
                    self.program.is_package,
                )
        except (SyntaxError, ValueError):
            return None
        runs = self._run(program)
        return Scene(runs, fix_style, self.again, self.budget)

    def _run(self, program: Program) -> Runs:
        runs = self.again(program)
        self.budget -= runs.steps // _STEPS_OF_A_RUN
        return runs

    def retaining(self, calls: frozenset[Where], probes: tuple[Probe, ...] = ()) -> Runs | None:
        """The runs with `retain_graph=True` on some backward calls, and with probes of names."""
        if not calls and not probes:
            return self.runs

        def change(tree: ast.Module) -> None:
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and where(node) in calls:
                    kept = [keyword for keyword in node.keywords if keyword.arg != "retain_graph"]
                    flag = ast.copy_location(ast.Constant(True), node)
                    node.keywords = [*kept, ast.copy_location(ast.keyword("retain_graph", flag), node)]
                    if (
                        isinstance(node.func, ast.Attribute)
                        and len(node.args) > 1
                        and "backward" in node.func.attr
                    ):
                        del node.args[1:]
            for probe in probes:
                _insert_probe(tree, probe)

        return self.changed((calls, probes), change)


@dataclass(frozen=True)
class Probe:
    """Asks what names, or paths from names, hold in front of a statement; of unbound ones, where they are bound."""

    before: Where
    names: tuple[str, ...]
    may_be_unbound: bool = False


PROBE = "_mhlint_probe"


def probed_name(event: Event) -> str | None:
    """The name that a probe asked for, if an event is a probe's."""
    node = event.site.node
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == PROBE:
        assert isinstance(node.args[0], ast.Constant)
        return str(node.args[0].value)
    return None


def _insert_probe(tree: ast.Module, probe: Probe) -> None:
    for parent in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if not isinstance(block, list):
                continue
            for index, statement in enumerate(block):
                if where(statement) == probe.before:
                    block[index:index] = [_asking(statement, wanted, probe.may_be_unbound) for wanted in probe.names]
                    return


def _asking(statement: ast.AST, name: str, may_be_unbound: bool) -> ast.stmt:
    held = ast.parse(name, mode="eval").body
    call = ast.Call(ast.Name(PROBE, ast.Load()), [ast.Constant(name), held], [])
    made: ast.stmt = ast.Expr(call)
    if may_be_unbound:
        made = ast.Try([made], [ast.ExceptHandler(None, None, [ast.Pass()])], [], [])
    for node in ast.walk(made):
        if isinstance(node, (ast.expr, ast.stmt, ast.ExceptHandler)):
            ast.copy_location(node, statement)
    return made


def _moved(cells: tuple[Cell, ...], edits: tuple[Edit, ...]) -> tuple[Cell, ...]:
    """The cells of a notebook after edits; an insertion behind a cell's last line belongs to that cell."""
    moved, first = [], 1
    for cell in cells:
        rows = cell.rows
        for edit in edits:
            if (
                cell.first_row
                <= max(1, edit.start.row - (edit.start.column == 1))
                < cell.first_row + cell.rows
            ):
                rows += edit.content.count("\n") - (edit.end.row - edit.start.row)
        moved.append(Cell(cell.number, first, rows))
        first += rows
    return tuple(moved)
