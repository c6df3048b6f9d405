"""Boundary tensors whose gradients are sent on one after the other go back through the trunk in one walk."""

from __future__ import annotations

import ast

from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites.groups import Step, step_of
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import torch_autograd
from mhlint.rewrites.observed import doubts, require_one_way
from mhlint.rewrites.sameness import same_gradients
from mhlint.rewrites.scene import Scene


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """`a.backward(d.grad); b.backward(e.grad)` becomes one call with two lists."""
    step = step_of(scene, finding)
    if step is None or len(step.calls) < 2 or any(walk.sends is None for g in step.groups for walk in g.walks):
        return None
    layout = scene.layout
    require_one_way(layout, step)
    statements = [layout.statement(call) for call in step.calls]
    if not all(any(item is member for member in step.block) for item in statements):
        return None
    sent = [_sent(layout, step, call) for call in step.calls]
    between = set(map(id, step.statements)) - set(map(id, statements))
    if between:
        raise CannotEdit("other statements stand between the walks")
    roots, gradients = (", ".join(texts) for texts in zip(*sent, strict=True))
    call = f"{torch_autograd(layout)}.backward([{roots}], [{gradients}])"
    edits: list[Edit] = layout.delete(*statements[:-1])
    edits.append(layout.replace(step.calls[-1], call))
    after = scene.edited(tuple(edits))
    rows = range(statements[0].lineno, statements[-1].lineno + 1)
    if after is None or not same_gradients(step.runs, after, str, frozenset(), rows):
        raise CannotEdit("it is not proven to give every parameter the same gradient")
    why = doubts(layout, step)
    message = "Send all parts of the boundary back in one walk"
    if why:
        return Fix(Applicability.UNSAFE, f"{message}. Not proven to be the same: {'; '.join(why[:3])}", tuple(edits))
    return Fix(Applicability.SAFE, message, tuple(edits))


def _sent(layout: Layout, step: Step, call: ast.Call) -> tuple[str, str]:
    """The tensor that is walked and the gradient that is sent, as they are written."""
    if step.api_of[call] != "method" or not isinstance(call.func, ast.Attribute):
        raise CannotEdit("a boundary is walked in another way")
    given = [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "gradient")]
    if len(given) != 1 or len(call.args) > 1 or any(k.arg not in ("gradient", "retain_graph") for k in call.keywords):
        raise CannotEdit("a boundary is walked in another way")
    return layout.text(call.func.value), layout.text(given[0])
