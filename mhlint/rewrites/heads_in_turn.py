"""MHL204: heads whose losses are walked together are walked in turn, each before the next one runs.

First each loss is given a walk of its own that retains the graph; of that step the detach-reinject form is made.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Clip, Hook, ReadGrad, Step, Trace, Unseen, Write, ZeroGrad
from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites import shared_trunk
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.line_width import line_edits
from mhlint.rewrites.losses_of_a_sum import TakenApart, Term, taken_apart
from mhlint.rewrites.observed import is_data_method
from mhlint.rewrites.reinjection import node_at
from mhlint.rewrites.sameness import same_gradients
from mhlint.rewrites.scene import Scene
from mhlint.rewrites.walk_calls import WalkCall, walk_call, with_loss
from mhlint.source import Source

_GAIN = (
    "Walk each head down to the detached boundary as soon as its loss is there, then the trunk once: each head is "
    "freed before the next one runs, for the same work"
)


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """The step with its heads in turn, or why it is not written."""
    call = node_at(scene, finding)
    api = next((event.api for _, event in _walks(scene, finding)), "")
    if not isinstance(call, ast.Call) or not api:
        return None
    try:
        return _in_turn(scene, finding, walk_call(scene.layout, call, api))
    except CannotEdit as error:
        return Fix(Applicability.DISPLAY, f"Not rewritten: {error}")


def _walks(scene: Scene, finding: Finding) -> Iterator[tuple[Trace, Backward]]:
    for _, trace in scene.runs.traces():
        for event in trace.of(Backward):
            if event.site.place == finding.place:
                yield trace, event


def _in_turn(scene: Scene, finding: Finding, walk: WalkCall) -> Fix:
    taken = taken_apart(scene.layout, walk)
    if taken.in_loop:
        _require_unseen_until_the_walk(scene, finding, taken)
    edits, walks = _one_walk_a_loss(scene.layout, walk, taken)
    between = scene.with_edits(edits, "detach-reinject")
    if between is None:
        raise CannotEdit("the step is too large to be looked at again")
    calls = _calls(between, walks)
    _require_all_made(between, calls)
    found = _cut(between, finding, calls)
    source = scene.program.source
    after = Source(source.path, _not_retaining(between.program.source.apply(found.fix.edits), walks), source.cells)
    if source.cells and len(after.lines) != len(source.lines):
        raise CannotEdit("it stands in a notebook")
    changed = tuple(line_edits(source, after))
    runs, everywhere = scene.edited(changed), range(sys.maxsize)
    if runs is None or not same_gradients(scene.runs, runs, found.draft.rename, found.draft.conditions, everywhere):
        raise CannotEdit("it is not proven to give every parameter the same gradient")
    doubted = found.fix.message.partition(". Not proven to be the same: ")[2]
    message = f"{_GAIN}. Not proven to be the same: {doubted}" if doubted else _GAIN
    return Fix(found.fix.applicability, message, changed)


def _calls(between: Scene, walks: list[str]) -> list[ast.Call]:
    """The calls that walk the losses, in their order."""
    wanted = [ast.unparse(ast.parse(text, mode="eval")) for text in walks]
    calls = [node for node in ast.walk(between.program.tree) if isinstance(node, ast.Call)]
    made = [[call for call in calls if ast.unparse(call) == text] for text in wanted]
    if any(len(found) != 1 for found in made):
        raise CannotEdit("a loss is walked elsewhere in the same words")
    return [call for found in made for call in found]


def _require_all_made(between: Scene, calls: list[ast.Call]) -> None:
    """Raises CannotEdit where a loss is no tensor on some path, a number say, or may have no graph there."""
    places = {between.program.place(call) for call in calls}
    for _, trace in between.runs.traces():
        walks = [event for event in trace.of(Backward) if event.site.place in places]
        counts = Counter(event.site.place for event in walks)
        uneven = trace.ended == "done" and len({counts[place] for place in places}) > 1
        if uneven or any(root.node is None or root.node.sure < Level.CERTAIN for walk in walks for root in walk.roots):
            raise CannotEdit("a loss may have no graph of its own to walk")


def _cut(between: Scene, finding: Finding, calls: list[ast.Call]) -> shared_trunk.Cut:
    """The detach-reinject form of the walks that share a trunk: the last loss may be none of them."""
    reason = CannotEdit("the losses share no trunk, or gradients are cleared or read before the sum is walked")
    for call in reversed(calls):
        try:
            found = shared_trunk.cut_only(between, replace(finding, place=between.program.place(call)))
        except CannotEdit as error:
            reason = error
            continue
        if found is not None:
            return found
    raise reason


def _not_retaining(text: str, walks: list[str]) -> str:
    """A text without the flags of those walks that turned out to share nothing."""
    left = {_retaining(walk): walk for walk in (_plain(walk) for walk in walks)}
    lines = text.splitlines(keepends=True)
    for row, line in enumerate(lines):
        if (code := line.strip()) in left:
            lines[row] = line.replace(code, left[code])
    return "".join(lines)


def _plain(walk: str) -> str:
    return walk.replace(", retain_graph=True)", ")").replace("(retain_graph=True)", "()")


def _require_unseen_until_the_walk(scene: Scene, finding: Finding, taken: TakenApart) -> None:
    """Raises CannotEdit where what follows the loop could tell that its heads are walked already."""
    inner = taken.terms[-1].behind
    assert inner is not None
    loop = scene.layout.around(inner)[0]
    assert isinstance(loop, ast.For)
    rows = range(loop.lineno, (loop.end_lineno or loop.lineno) + 1)
    for trace, event in _walks(scene, finding):
        kept = {saved.storage for node in event.walk.nodes for saved in node.saved}
        for earlier in reversed(trace.events[: event.index]):
            if earlier.site.program is scene.program and earlier.site.row in rows:
                break
            uses = isinstance(earlier, (ReadGrad, Clip, ZeroGrad, Step, Hook))
            calls = isinstance(earlier, Unseen) and not is_data_method(earlier.label)
            if uses or calls or (isinstance(earlier, Write) and earlier.tensor.storage in kept):
                raise CannotEdit("gradients may be read or changed between the loop and the walk of the sum")


def _one_walk_a_loss(layout: Layout, walk: WalkCall, taken: TakenApart) -> tuple[tuple[Edit, ...], list[str]]:
    """The edits that walk each loss where it is there, and the texts of the walks."""
    edits, walks = list(taken.edits), list[str]()
    for term in taken.terms[:-1]:
        text = _retaining(with_loss(layout, walk, _root(walk, term)))
        walks.append(text)
        edits.append(layout.insert_after(term.behind, text) if term.behind else layout.insert_before(taken.at, text))
    last = taken.terms[-1]
    text = with_loss(layout, walk, _root(walk, last))
    if taken.in_loop:
        assert last.behind is not None
        text = _retaining(text)
        edits.append(layout.insert_after(last.behind, text))
    else:
        edits.append(layout.replace(walk.call, text))
    return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end))), [*walks, text]


def _root(walk: WalkCall, term: Term) -> str:
    return f"[{term.text}]" if walk.listed and isinstance(walk.loss, (ast.List, ast.Tuple)) else term.text


def _retaining(text: str) -> str:
    front = text[:-1].rstrip().rstrip(",")
    return f"{front}{'' if front.endswith('(') else ', '}retain_graph=True)"
