"""`.detach()` where the first loss takes what another network made: a discriminator's loss on generated data."""

from __future__ import annotations

import ast

from mhlint.autograd.trace import Backward, Step
from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites.improvement import improves
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import loads, stored
from mhlint.rewrites.scene import Scene


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """Detach the tensor through which the earlier loss walked on, where a step in between parts the two losses."""
    layout = scene.layout
    pair = _pair(scene, finding)
    if pair is None:
        return None
    earlier, later = pair
    first = scene.find(earlier.site)
    if first is None:
        return None
    walk = layout.statement(first)
    block = layout.block(walk)
    index = next(i for i, item in enumerate(block) if item is walk)
    wanted = {node.site.row for node in earlier.walk.nodes if node in _shared(earlier, later)}
    for name in _names(block[:index]):
        bound = max(i for i, item in enumerate(block[:index]) if name in stored([item]))
        if not any(block[bound].lineno <= row <= (block[bound].end_lineno or row) for row in wanted):
            continue
        uses = [use for use in loads(block[bound + 1 : index + 1], name) if _is_argument(layout, use)]
        edits = tuple(_detached(layout, use) for use in uses)
        if edits and improves(scene, finding, edits):
            text = (
                f"Detach `{name}` for the loss that is walked on line {walk.lineno}; this assumes that this loss is "
                f"not meant to train what made `{name}`"
            )
            return Fix(Applicability.UNSAFE, text, edits)
    return None


def _pair(scene: Scene, finding: Finding) -> tuple[Backward, Backward] | None:
    for _, trace in scene.runs.traces():
        for event in trace.of(Backward):
            failure = event.failure
            if event.site.place != finding.place or failure is None or failure.earlier is None:
                continue
            between = trace.between(failure.earlier, event)
            if any(isinstance(other, Step) for other in between):
                return failure.earlier, event
    return None


def _shared(earlier: Backward, later: Backward) -> set[object]:
    return set(earlier.walk.nodes) & set(later.walk.nodes)


def _names(block: list[ast.stmt]) -> list[str]:
    bound = [name for statement in block for name in stored([statement]) if "." not in name]
    return list(dict.fromkeys(reversed(bound)))


def _is_argument(layout: Layout, use: ast.Name) -> bool:
    parent = layout.parents[use]
    return isinstance(parent, ast.Call) and any(arg is use for arg in parent.args)


def _detached(layout: Layout, use: ast.Name) -> Edit:
    if layout.text(use) != use.id:
        raise CannotEdit("it stands inside an f-string")
    end = layout.program.place(use).end
    return Edit(".detach()", end, end)
