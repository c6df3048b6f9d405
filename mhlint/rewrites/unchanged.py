"""Does a path, `self.z`, lead to one tensor from the cut to the last walk? Code that is called may bind it anew."""

from __future__ import annotations

import ast

from mhlint.autograd.trace import Unseen
from mhlint.autograd.values import Tensor, Value
from mhlint.findings import Finding
from mhlint.rewrites.cut import reached_at
from mhlint.rewrites.groups import Step, probed
from mhlint.rewrites.kept_at import reads
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.scene import Probe, Scene, probed_name, where


def require_unchanged(scene: Scene, step: Step, finding: Finding, names: list[str], start: int) -> None:
    """Raises CannotEdit unless each path leads to the same tensor wherever it is read behind the cut."""
    paths = tuple(name for name in names if not name.isidentifier())
    end = next(i for i, item in enumerate(step.block) if item is step.statements[-1]) + 1
    region, layout = step.block[start:end], scene.layout
    places = {where(region[0])}
    for path in paths:
        for read in reads(region, path):
            if _is_deferred(layout, read, region):
                raise CannotEdit(f"`{path}` is read by a function inside")
            places.add(where(layout.statement(read)))
    found = probed(scene, step, finding, tuple(Probe(place, paths, may_be_unbound=True) for place in sorted(places)))
    if found is None:
        raise CannotEdit("the step is too large to be looked at again")
    for group in found[1]:
        since = reached_at(step, group, start)
        held: dict[str, Value] = {}
        for event in group.trace.events[since.index if since is not None else 0 : group.walks[-1].index]:
            asked = probed_name(event)
            if asked is None or not isinstance(event, Unseen):
                continue
            value = event.given[1]
            if not isinstance(value, Tensor) or held.setdefault(asked, value) is not value:
                raise CannotEdit(f"`{asked}` is not known to hold the same tensor all the while")


def _is_deferred(layout: Layout, read: ast.expr, region: tuple[ast.stmt, ...]) -> bool:
    for item in layout.around(read):
        if isinstance(item, (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef)):
            return True
        if any(item is statement for statement in region):
            return False
    return False
