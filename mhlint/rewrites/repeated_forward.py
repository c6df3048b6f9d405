"""A trunk that runs again in every turn on the same input runs once, in front of the loop."""

from __future__ import annotations

import ast

from mhlint.findings import Applicability, Edit, Finding, Fix, Position
from mhlint.rewrites.layout import CannotEdit, Layout, Loop, loops_around
from mhlint.rewrites.names import changed_in_place, loads, stored
from mhlint.rewrites.reinjection import node_at
from mhlint.rewrites.scene import Scene
from mhlint.rewrites.walk_calls import has_retain


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """Move the forward in front of its loop; the walks retain the graph until they are rewritten in their turn."""
    layout = scene.layout
    node = node_at(scene, finding)
    if node is None:
        return None
    statement = layout.statement(node)
    loops = loops_around(layout, statement)
    if (
        not loops
        or not isinstance(statement, ast.Assign)
        or not any(statement is item for item in loops[0].body)
    ):
        return None
    loop = loops[0]
    read = {
        part.id
        for part in ast.walk(statement)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    }
    targets = stored([statement])
    others = [item for item in loop.body if item is not statement]
    if not isinstance(loop, ast.For) or read & _changed(loop) or targets & _changed(loop, statement):
        return None
    if not others or loads(others[: loop.body.index(statement)], next(iter(targets))):
        return None
    text = layout.text(statement)
    if "\n" in text:
        raise CannotEdit("the forward fills several lines")
    edits = [layout.insert_before(loop, text), layout.delete(statement), *_retaining(layout, loop)]
    message = (
        f"Run `{text}` once, in front of the loop; this assumes that all losses may share one draw of its random "
        f"numbers and one update of its statistics"
    )
    return Fix(Applicability.UNSAFE, message, tuple(sorted(edits, key=lambda edit: edit.start)))


def _changed(loop: ast.For, but: ast.stmt | None = None) -> set[str]:
    body = [item for item in loop.body if item is not but]
    return stored([loop.target, *body]) | changed_in_place(body)


def _retaining(layout: Layout, loop: Loop) -> list[Edit]:
    edits = []
    for node in ast.walk(loop):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "backward"
        ):
            if has_retain(node) or len(node.args) > 1:
                continue
            end = layout.program.place(node).end
            at = Position(end.row, end.column - 1)
            text = layout.text(node)[:-1].rstrip()
            separator = "" if text.endswith(("(", ",")) else ", "
            edits.append(Edit(f"{separator}retain_graph=True", at, at))
    return edits
