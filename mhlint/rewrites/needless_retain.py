"""Take out a `retain_graph` that nothing needs, and the flag that was only for it."""

from __future__ import annotations

import ast

from mhlint.autograd.trace import Backward
from mhlint.findings import Applicability, Confidence, Edit, Finding, Fix
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import loads
from mhlint.rewrites.scene import Scene
from mhlint.rewrites.walk_calls import is_free_of_effects, removing_retain, retain_flag

MESSAGE = "Remove `retain_graph`: nothing walks this graph again, so its saved tensors can be freed"


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """The fix of one needless `retain_graph`."""
    layout = scene.layout
    call = _call_at(scene, finding)
    if call is None:
        return None
    if not any(event.site.node is call for _, trace in scene.runs.traces() for event in trace.of(Backward)):
        return _told_otherwise(layout, call, finding)
    edits = removing_retain(layout, call)
    if not edits:
        return None
    edits += _dead_flag(layout, call)
    flag = retain_flag(call)
    if flag is not None and not is_free_of_effects(flag):
        return Fix(
            Applicability.UNSAFE,
            f"{MESSAGE}; this assumes that the flag's own call has no effect",
            tuple(edits),
        )
    if finding.confidence is not Confidence.CERTAIN:
        return Fix(
            Applicability.UNSAFE,
            f"{MESSAGE}; this assumes that code that is not seen does not do so",
            tuple(edits),
        )
    return Fix(Applicability.SAFE, MESSAGE, tuple(edits))


def _told_otherwise(layout: Layout, call: ast.Call, finding: Finding) -> Fix | None:
    """A function of the program that hands the flag on is told not to retain: what it does untold is its own affair."""
    flags = [keyword.value for keyword in call.keywords if isinstance(keyword.value, ast.Constant)]
    told = [flag for flag in flags if flag.value is True]
    if len(told) != 1:
        return None
    certain = finding.confidence is Confidence.CERTAIN
    message = MESSAGE if certain else f"{MESSAGE}; this assumes that code that is not seen does not do so"
    return Fix(
        Applicability.SAFE if certain else Applicability.UNSAFE, message, (layout.replace(told[0], "False"),)
    )


def _call_at(scene: Scene, finding: Finding) -> ast.Call | None:
    for node in ast.walk(scene.program.tree):
        if isinstance(node, ast.Call) and scene.program.place(node) == finding.place:
            return node
    return None


def _dead_flag(layout: Layout, call: ast.Call) -> list[Edit]:
    """Delete `keep = True` where the removed argument was its only use."""
    given = retain_flag(call)
    if not isinstance(given, ast.Name):
        return []
    scope = layout.scope(call)
    if isinstance(scope, (ast.Module, ast.ClassDef)) or len(loads([scope], given.id)) != 1:
        return []
    stores = [
        node
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == given.id and not isinstance(node.ctx, ast.Load)
    ]
    edits = []
    for store in stores:
        statement = layout.statement(store)
        plain = (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and statement.targets[0] is store
        )
        if not plain or not is_free_of_effects(statement.value) or len(layout.block(statement)) < 2:  # type: ignore[attr-defined]
            return []
        try:
            edits += layout.delete(statement)
        except CannotEdit:
            return []
    return edits
