"""A trunk that runs again in every turn on the same input runs once, in front of the loop."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TypeGuard

from mhlint.findings import Applicability, Edit, Finding, Fix, Position
from mhlint.rewrites.improvement import improves
from mhlint.rewrites.layout import CannotEdit, Layout, loops_around
from mhlint.rewrites.names import changed_in_place, fresh_name, loads, stored, taken
from mhlint.rewrites.reinjection import node_at
from mhlint.rewrites.scene import Scene
from mhlint.rewrites.walk_calls import has_retain

_ASSUMES = "this assumes that all losses may share one draw of its random numbers and one update of its statistics"


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """Move the forward in front of its loop, or use the output of the earlier one."""
    layout = scene.layout
    call = node_at(scene, finding)
    if not isinstance(call, ast.Call):
        return None
    try:
        statement = layout.statement(call)
        loops = loops_around(layout, call)
        if finding.related and finding.related[0].place != finding.place:
            return _reused(scene, finding, call)
        if loops and isinstance(loops[0], ast.For):
            return _hoisted(scene, loops[0], statement, call)
    except CannotEdit as error:
        return Fix(Applicability.DISPLAY, f"Not rewritten: {error}")
    return None


def _hoisted(scene: Scene, loop: ast.For, statement: ast.stmt, call: ast.Call) -> Fix | None:
    """The walks retain the graph until they are rewritten in their turn."""
    layout = scene.layout
    if not any(statement is item for item in loop.body):
        return None
    whole = isinstance(statement, ast.Assign) and statement.value is call
    text = layout.text(statement) if whole else layout.text(call)
    read = {part.id for part in ast.walk(statement if whole else call) if _is_read(part)}
    if read & _changed(loop):
        return None
    if "\n" in text:
        raise CannotEdit("the forward fills several lines")
    if whole:
        targets = stored([statement])
        others = [item for item in loop.body if item is not statement]
        before = others[: loop.body.index(statement)]
        if not others or targets & _changed(loop, statement) or loads(before, next(iter(targets))):
            return None
        edits = [layout.insert_before(loop, text), *layout.delete(statement), *_retaining(layout, loop)]
    else:
        name = fresh_name(taken(layout), "features")
        text = f"{name} = {text}"
        edits = [layout.insert_before(loop, text), layout.replace(call, name), *_retaining(layout, loop)]
    message = f"Run `{text}` once, in front of the loop; {_ASSUMES}"
    return Fix(Applicability.UNSAFE, message, tuple(sorted(edits, key=lambda edit: edit.start)))


def _is_read(part: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)


def _reused(scene: Scene, finding: Finding, call: ast.Call) -> Fix | None:
    """Give the earlier forward's output a name, if it has none, and use it again."""
    layout = scene.layout
    earlier = node_at(scene, replace(finding, place=finding.related[0].place))
    if not isinstance(earlier, ast.Call):
        return None
    first, later = layout.statement(earlier), layout.statement(call)
    block = layout.block(first)
    positions = [next((i for i, item in enumerate(block) if item is wanted), -1) for wanted in (first, later)]
    line = layout.named_line(earlier)
    by_hand = Fix(
        Applicability.DISPLAY,
        f"Keep the output of the forward on {line}, use it here and walk both losses together; {_ASSUMES}",
    )
    if -1 in positions or "\n" in layout.text(earlier):
        return by_hand
    edits: list[Edit] = []
    if isinstance(first, ast.Assign) and first.value is earlier and isinstance(first.targets[0], ast.Name):
        name = first.targets[0].id
    else:
        name = fresh_name(taken(layout), "features")
        edits += [
            layout.insert_before(first, f"{name} = {layout.text(earlier)}"),
            layout.replace(earlier, name),
        ]
    between = block[positions[0] + 1 : positions[1]]
    if name in stored(between) | changed_in_place(between) or _is_set(between, ast.unparse(call.func)):
        return by_hand
    # A flag that the second use relies on is held against a fix that takes it for needless.
    flags = [flag for item in block[positions[0] : positions[1]] for flag in _flags(item)]
    edits += [layout.replace(flag, layout.text(flag)) for flag in flags]
    if _binds(later, name, call) and len(block) > 1:
        edits += layout.delete(later)  # `x = x` would be left
    else:
        edits.append(layout.replace(call, name))
    text = f"Use the output of the forward on {line} again; {_ASSUMES}"
    for retaining in ([], [edit for item in block[positions[0] : positions[1]] for edit in _retaining(layout, item)]):
        chosen = tuple(sorted([*edits, *retaining], key=lambda edit: edit.start))
        if improves(scene, finding, chosen):
            return Fix(Applicability.UNSAFE, text, chosen)
    return by_hand


def _is_set(between: list[ast.stmt], module: str) -> bool:
    """Does something set an attribute of a module, which may make its next forward another one?"""
    return any(
        isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load) and ast.unparse(node.value) == module
        for item in between
        for node in ast.walk(item)
    )


def _flags(top: ast.stmt) -> list[ast.expr]:
    """The values that backward calls are told to retain their graphs by."""
    return [
        keyword.value
        for node in ast.walk(top)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "backward"
        for keyword in node.keywords
        if keyword.arg == "retain_graph"
    ]


def _binds(statement: ast.stmt, name: str, call: ast.Call) -> bool:
    """Does a statement do nothing but bind a name to a call's result?"""
    if not isinstance(statement, ast.Assign) or statement.value is not call or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    return isinstance(target, ast.Name) and target.id == name


def _changed(loop: ast.For, but: ast.stmt | None = None) -> set[str]:
    body = [item for item in loop.body if item is not but]
    return stored([loop.target, *body]) | changed_in_place(body)


def _retaining(layout: Layout, top: ast.stmt) -> list[Edit]:
    edits = []
    for node in ast.walk(top):
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
