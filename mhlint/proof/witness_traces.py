"""From a source to the paths that show a finding, and to the same paths of its rewritten form."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mhlint.autograd.run import run_program
from mhlint.autograd.trace import Backward, Event, Root, Runs, Trace
from mhlint.findings import Finding
from mhlint.source import Source
from mhlint.syntax import Program, Project, parse

_MOST_ROUNDS = 12


class NoWitness(Exception):
    """No program can be written; the text says why, in one line."""


@dataclass(frozen=True)
class Shown:
    """A finding's event on one of its paths."""

    root: Root
    trace: Trace
    event: Event


def runs_of(source: Source, backward_calls: tuple[str, ...] = ()) -> Runs:
    """All paths of a source; raises NoWitness where it cannot be read."""
    return _runs(_program(source), backward_calls)


def retained_runs(source: Source, backward_calls: tuple[str, ...] = ()) -> Runs:
    """All paths of a source, with `retain_graph=True` on every walk that would free what is walked again."""
    program = _program(source)
    for _ in range(_MOST_ROUNDS):
        runs = _runs(program, backward_calls)
        freeing = {
            event.failure.earlier.site.node
            for _, trace in runs.traces()
            for event in trace.of(Backward)
            if event.failure is not None and event.failure.earlier is not None and not event.caught
            if event.failure.earlier.site.program is program
        }
        changed = {node for node in freeing if _retain(node)}
        if not changed:
            return runs
    return runs


def shown(runs: Runs, finding: Finding) -> list[Shown]:
    """The events at a finding's place, on paths on which it is seen: those with fewest choices first."""
    found = [
        Shown(root, trace, event)
        for root, trace in runs.traces()
        for event in trace.events
        if event.site.place == finding.place and _shows(event, finding.code)
    ]
    raising = [one for one in found if _failure(one.event)]
    if finding.code in ("MHL101", "MHL102", "MHL103", "MHL104") or (finding.code == "MHL302" and raising):
        found = raising
    return sorted(found, key=lambda one: (len(one.trace.choices), one.event.index))


def choices_of(trace: Trace) -> tuple[tuple[str, bool], ...]:
    """The choices that led along a path, by their text."""
    return tuple((choice.text, choice.taken) for choice in trace.choices)


def _program(source: Source) -> Program:
    try:
        return parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise NoWitness(f"{source.path} cannot be read: {error}") from None


def _runs(program: Program, backward_calls: tuple[str, ...]) -> Runs:
    try:
        return run_program(program, Project(program), backward_calls)
    except RecursionError:
        raise NoWitness(f"{program.source.path} is nested too deeply") from None


def _failure(event: Event) -> bool:
    return isinstance(event, Backward) and event.failure is not None and not event.caught


_KINDS = {
    "MHL101": ("freed",), "MHL102": ("freed",), "MHL103": ("version",),
    "MHL104": ("no-gradient", "non-scalar", "no-graph"),
}  # fmt: skip


def _shows(event: Event, code: str) -> bool:
    if code in _KINDS:
        failure = event.failure if isinstance(event, Backward) else None
        return failure is not None and failure.kind in _KINDS[code]
    return isinstance(event, Backward)


def _retain(node: ast.AST) -> bool:
    """Let the backward call at `node` retain its graph; False where it cannot be told."""
    if not isinstance(node, ast.Call):
        return False
    for keyword in node.keywords:
        if keyword.arg in ("retain_graph", "retain_variables"):
            if isinstance(keyword.value, ast.Constant) and keyword.value.value is True:
                return False
            keyword.value = ast.copy_location(ast.Constant(True), keyword.value)
            return True
    own = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    is_method = own == "backward" and not (isinstance(node.func, ast.Attribute) and _is_autograd(node.func.value))
    if is_method and len(node.args) > 1:
        node.args[1] = ast.copy_location(ast.Constant(True), node)
        return True
    flag = ast.keyword("retain_graph", ast.copy_location(ast.Constant(True), node))
    node.keywords.append(ast.copy_location(flag, node))
    return True


def _is_autograd(node: ast.expr) -> bool:
    return isinstance(node, (ast.Name, ast.Attribute)) and ast.unparse(node).endswith("autograd")
