"""A step that comes too early is moved behind the walk that needs the old weights."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mhlint.autograd.graph import Change
from mhlint.autograd.trace import Backward
from mhlint.findings import Applicability, Finding, Fix
from mhlint.rewrites.improvement import improves
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.scene import Scene


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """Move the change behind the walk, where both are statements of one block."""
    layout = scene.layout
    for change, event in changes_before(scene, finding):
        moved, walk = scene.find(change.site), scene.find(event.site)
        if moved is not None and walk is not None:
            return _moved(scene, layout, finding, layout.statement(moved), layout.statement(walk))
    return None


def changes_before(scene: Scene, finding: Finding) -> Iterator[tuple[Change, Backward]]:
    """What changed the values that a finding's walk needs, and the walk, path by path."""
    for _, trace in scene.runs.traces():
        for event in trace.of(Backward):
            if event.site.place != finding.place:
                continue
            change = event.failure.change if event.failure is not None else None
            if change is None and event.silent_changes:
                change = event.silent_changes[0][2]
            if change is not None:
                yield change, event


def _moved(scene: Scene, layout: Layout, finding: Finding, step: ast.stmt, walk: ast.stmt) -> Fix | None:
    block = layout.block(walk)
    positions = [next((i for i, item in enumerate(block) if item is wanted), -1) for wanted in (step, walk)]
    if -1 in positions or positions[0] > positions[1] or not isinstance(step, ast.Expr):
        return None
    text, line = layout.text(step), layout.named_line(walk)
    if "\n" in text:
        raise CannotEdit("the step fills several lines")
    others = _stepping(layout, layout.scope(walk)) - {_owner(step)}
    if others:
        return Fix(
            Applicability.DISPLAY,
            f"Build the loss that is walked on {line} after `{text}`, with a forward of its own: moved "
            f"behind the walk, the step would use this loss's gradient too",
        )
    edits = (*layout.delete(step), layout.insert_after(walk, text))
    if not improves(scene, finding, edits):
        return None
    message = (
        f"Move `{text}` behind the walk on {line}; this assumes that nothing in between is meant to see "
        f"the new weights"
    )
    return Fix(Applicability.UNSAFE, message, edits)


def _owner(node: ast.AST) -> str:
    call = node.value if isinstance(node, ast.Expr) else node
    return (
        ast.unparse(call.func.value)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        else ""
    )


def _stepping(layout: Layout, scope: ast.AST) -> set[str]:
    """What the function calls `.step()` on: an optimizer steps on whatever gradient is there."""
    return {
        _owner(node)
        for node in ast.walk(scope)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "step"
        and "sched" not in ast.unparse(node.func).lower()
    }
