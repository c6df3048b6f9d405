"""What is changed in place although a walk needs it is computed anew, or changed in a copy."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mhlint.autograd.graph import Change
from mhlint.autograd.operations import method
from mhlint.autograd.trace import Write
from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites.improvement import improves
from mhlint.rewrites.layout import Layout
from mhlint.rewrites.moved_step import changes_before
from mhlint.rewrites.scene import Scene

_ASSUMES = "this assumes that nothing else is meant to see the change"
_SYMBOLS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}
_MOST_TRIED = 6


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """MHL103, where an operation and no optimizer changes what the walk needs."""
    for change, _ in changes_before(scene, finding):
        node = None if change.by_step else scene.find(change.site)
        if node is None or not _is_computed(scene, change):
            continue
        for tried, (edits, text) in enumerate(_forms(scene.layout, node)):
            if tried == _MOST_TRIED:
                break
            if improves(scene, finding, edits):
                return Fix(Applicability.UNSAFE, f"{text}: the walk needs what it was; {_ASSUMES}", edits)
        return None
    return None


def _is_computed(scene: Scene, change: Change) -> bool:
    """Is what is changed there always the result of an operation? A weight or a statistic is meant to change."""
    place = change.site.place
    written = [
        event.tensor for _, trace in scene.runs.traces() for event in trace.of(Write) if event.site.place == place
    ]
    return bool(written) and all(tensor.node is not None and not tensor.parameter for tensor in written)


def _forms(layout: Layout, node: ast.AST) -> Iterator[tuple[tuple[Edit, ...], str]]:
    """The ways to write an operation so that it leaves its input alone, each with what it says."""
    statement = layout.statement(node)
    if isinstance(statement, ast.AugAssign) and not isinstance(statement.target, ast.Subscript):
        symbol = _SYMBOLS.get(type(statement.op))
        if symbol is not None:
            target, value = layout.text(statement.target), layout.text(statement.value)
            if not isinstance(statement.value, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)):
                value = f"({value})"
            edits = (layout.replace(statement, f"{target} = {target} {symbol} {value}"),)
            yield edits, f"Compute a new `{target}` in place of changing it"
    if not isinstance(node, ast.Call):
        return
    alone = isinstance(statement, ast.Expr) and statement.value is node
    if isinstance(node.func, ast.Attribute) and node.func.attr.endswith("_"):
        name = node.func.attr.rstrip("_")
        owner = node.func.value
        if method(name) is not None and isinstance(owner, (ast.Name, ast.Attribute)):
            start = layout.program.place(node).start
            end = layout.program.place(node.func).end
            target = layout.text(owner)
            text = f"{target} = {target}.{name}" if alone else f"{target}.{name}"
            yield (Edit(text, start, end),), f"Compute a new `{target}` in place of changing it"
    # A call whose result nothing uses is made for the sake of the change.
    for read in _tensors_given(node) if not alone else ():
        end = layout.program.place(read).end
        yield (Edit(".clone()", end, end),), f"Let `{layout.text(node.func)}` change a copy of `{layout.text(read)}`"


def _tensors_given(call: ast.Call) -> Iterator[ast.expr]:
    given: list[ast.expr] = [*call.args, *(keyword.value for keyword in call.keywords)]
    if isinstance(call.func, ast.Attribute) and call.func.attr.endswith("_"):
        given.insert(0, call.func.value)
    for item in given:
        if isinstance(item, (ast.Name, ast.Subscript, ast.Attribute)):
            yield item
