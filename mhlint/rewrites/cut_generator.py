"""`.detach()` where the first loss takes what another network made: a discriminator's loss on generated data."""

from __future__ import annotations

import ast

from mhlint.autograd.graph import Node
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
    first, second = scene.find(earlier.site), scene.find(later.site)
    if first is None or second is None:
        return None
    walk, after = layout.statement(first), layout.statement(second)
    block = layout.block(walk)
    index = next(i for i, item in enumerate(block) if item is walk)
    end = next((i for i, item in enumerate(block) if item is after), index)
    wanted = {node.site.row for node in earlier.walk.nodes if node in _shared(earlier, later)}
    for name in _names(block[:index]):
        bound = max(i for i, item in enumerate(block[:index]) if name in stored([item]))
        if not any(block[bound].lineno <= row <= (block[bound].end_lineno or row) for row in wanted):
            continue
        for cut, stretch in ((walk, block[bound + 1 : index + 1]), (after, block[index + 1 : end + 1])):
            for part in (stretch, *([statement] for statement in stretch)):
                uses = [use for use in loads(part, name) if _is_argument(layout, use)]
                edits = tuple(_detached(layout, use) for use in uses)
                if not edits or not improves(scene, finding, edits):
                    continue
                text = (
                    f"Detach `{name}` for the loss that is walked on {layout.named_line(cut)}; this assumes that this "
                    f"loss is not meant to train what made `{name}`"
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


def _shared(earlier: Backward, later: Backward) -> set[Node]:
    return set(earlier.walk.nodes) & set(later.walk.nodes)


def _names(block: list[ast.stmt]) -> list[str]:
    bound = [name for statement in block for name in stored([statement]) if "." not in name]
    return list(dict.fromkeys(reversed(bound)))


def _is_argument(layout: Layout, use: ast.Name) -> bool:
    parent = layout.parents[use]
    if isinstance(parent, ast.Call):
        return any(arg is use for arg in parent.args)
    return isinstance(parent, ast.BinOp)


def _detached(layout: Layout, use: ast.Name) -> Edit:
    if layout.text(use) != use.id:
        raise CannotEdit("it stands inside an f-string")
    end = layout.program.place(use).end
    return Edit(".detach()", end, end)
