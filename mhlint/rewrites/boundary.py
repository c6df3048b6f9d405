"""Where the trunk ends: the names that hold the tensors through which all losses reach what they share."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Escape, Runs, Unseen
from mhlint.autograd.values import Mapping, Sequence, Tensor, Unknown, Value
from mhlint.findings import Finding
from mhlint.rewrites.cut import (
    cut,
    heads_in_turn,
    node_at,
    outputs_of_heads,
    reached_at,
    require_no_gradient_below,
    values,
)
from mhlint.rewrites.groups import Group, Step, probed
from mhlint.rewrites.inner_scopes import used_here
from mhlint.rewrites.kept_at import reads, root_of, starts_of_paths
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, escapes_to_inner_scopes, stored_here
from mhlint.rewrites.own_copy import OwnCopy, own_copy, writes_into
from mhlint.rewrites.scene import Probe, Scene, probed_name, where
from mhlint.rewrites.unchanged import require_unchanged

_MOST_NAMES = 24
# Behind each of these a name holds what the statement, or one in its block, has bound it to.
_BINDING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.With, ast.If, ast.For, ast.While)


@dataclass(frozen=True)
class Boundary:
    """A name, or a path from one (`self.z`), at which the trunk ends.

    A detached copy can take its place from the statement with index `start` of the step's block on: behind the one
    that binds the name, or where it is first read if it is bound elsewhere. `certain`: its tensors have a graph for
    certain; `plain`: it surely holds tensors; `kind`: a tensor, or a list (a tuple), record (a named tuple) or dict of
    them; `whole`: all of these are used; `mixed`: some of what it holds has no graph, as an input or a mask; `copy`:
    where a head works in place on it; `in_turn`: what a head makes of it is made behind the walk of the head before.
    """

    name: str
    start: int
    certain: bool
    plain: bool
    kind: str
    whole: bool
    mixed: bool
    copy: OwnCopy | None = None
    text: str = ""
    in_turn: bool = False

    @property
    def is_path(self) -> bool:
        """Is it kept at a path, and not in a name of its own?"""
        return not self.name.isidentifier()

    @property
    def several(self) -> bool:
        """Does the name hold more than the one tensor itself?"""
        return self.kind != "tensor"


def boundaries(scene: Scene, step: Step, finding: Finding) -> list[Boundary]:
    """The boundary of a step, in the order in which it is bound. Raises CannotEdit where it has no names."""
    try:
        return _boundaries(scene, step, finding, _starts(step))
    except CannotEdit as error:
        starts = starts_of_paths(step)
        if not starts:
            raise
        # What a path leads to is not looked at by the name that it starts from as well.
        roots = {root_of(path) for path in starts}
        names = {name: start for name, start in _starts(step).items() if name not in roots}
        try:
            both = dict(sorted({**names, **starts}.items(), key=lambda item: item[1]))
            found = _boundaries(scene, step, finding, both)
            require_unchanged(scene, step, finding, [boundary.name for boundary in found], max(b.start for b in found))
        except CannotEdit:
            raise error from None
        return found


def _boundaries(scene: Scene, step: Step, finding: Finding, starts: dict[str, int]) -> list[Boundary]:
    if not starts:
        raise CannotEdit("the losses share no tensor that has a name")
    asked = {start: tuple(name for name in starts if starts[name] == start) for start in set(starts.values())}
    probes = tuple(Probe(where(step.block[start]), names) for start, names in asked.items())
    found = probed(scene, step, finding, probes)
    if found is None or not found[1]:
        raise CannotEdit("the step is too large to be looked at again")
    runs, groups = found
    cuts = {start: [cut(step, group, start, starts) for group in groups] for start in asked}
    where_possible = [start for start, names in cuts.items() if all(names)]
    if not where_possible:
        raise CannotEdit("the losses do not meet the trunk in tensors that have names")
    # A head is freed by its own walk only where the cut stands in front of the head.
    best = min(where_possible, key=lambda start: (_heads_below(step, groups, start), -start))
    reasons: list[CannotEdit] = []
    for start in dict.fromkeys((best, max(where_possible))):
        try:
            return _at(scene, step, finding, starts, start, runs, list(zip(groups, cuts[start], strict=True)))
        except CannotEdit as error:
            reasons.append(error)
    raise reasons[-1]


def _heads_below(step: Step, groups: list[Group], start: int) -> int:
    """How many outputs of heads, at most, a cut would leave on the trunk's side."""
    since = [(group, reached_at(step, group, start)) for group in groups]
    return max(len(outputs_of_heads(group, event.serial)) for group, event in since if event is not None)


def _at(
    scene: Scene,
    step: Step,
    finding: Finding,
    starts: dict[str, int],
    start: int,
    runs: Runs,
    cuts: list[tuple[Group, dict[str, list[Tensor]]]],
) -> list[Boundary]:
    """The boundary in front of one statement. Raises CannotEdit where its names do not allow it."""
    ungraphed = _without_graph(runs)
    chosen: dict[str, Boundary] = {}
    in_turn = True
    # The copy is there, and used, as soon as the last of the names is bound: that may be long before the heads.
    placed = max(starts[name] for _, names in cuts for name in names)
    for group, names in cuts:
        since, from_there = reached_at(step, group, start), reached_at(step, group, placed)
        assert since is not None
        require_no_gradient_below(group, since.serial if from_there is None else from_there.serial)
        in_turn = in_turn and heads_in_turn(group, since.serial)
        for name, reached in names.items():
            _require_replaceable(scene.layout, step, name)
            value = values(group)[name]
            made = _boundary(value, name, starts[name], reached, since.serial, name not in ungraphed)
            if writes := writes_into(group, _kind(value, name)[1], since.index):
                if not name.isidentifier():
                    raise CannotEdit(f"`{name}` is changed in place")
                copy = own_copy(scene, step, finding, name, made.kind, writes, start)
                made = replace(made, copy=copy)
            chosen[name] = made if name not in chosen else _both(chosen[name], made)
    return [
        replace(
            chosen[name],
            text=_text(scene.layout, step, name),
            in_turn=in_turn,
            whole=chosen[name].whole and all(name in found for _, found in cuts),
        )
        for name in starts
        if name in chosen
    ]


def _text(layout: Layout, step: Step, name: str) -> str:
    """A name or path as it is written where it is read."""
    text = name if name.isidentifier() else layout.text(reads(step.block, name)[0])
    if "\n" in text:
        raise CannotEdit(f"`{name}` fills several lines")
    return text


def _boundary(
    value: Value, name: str, start: int, reached: list[Tensor], serial: int, has_graph: bool
) -> Boundary:
    kind, items = _kind(value, name)
    nodes = [node_at(tensor, serial) for tensor in reached]
    return Boundary(
        name,
        start,
        has_graph and all(node is not None and node.sure is Level.CERTAIN for node in nodes),
        isinstance(value, (Tensor, Sequence, Mapping)) and not any(item.unseen_call for item in items),
        kind,
        len(reached) == len(items),
        any(node_at(item, serial) is None for item in items),
    )


def _both(one: Boundary, other: Boundary) -> Boundary:
    """What holds on two paths. Raises CannotEdit where a name holds different things on them."""
    if one.kind != other.kind or (one.copy and other.copy and one.copy != other.copy):
        raise CannotEdit(f"`{one.name}` holds different things on different paths")
    return Boundary(
        one.name,
        one.start,
        one.certain and other.certain,
        one.plain and other.plain,
        one.kind,
        one.whole and other.whole,
        one.mixed or other.mixed,
        one.copy.and_also(other.copy) if one.copy is not None else other.copy,
    )


def _kind(value: Value, name: str) -> tuple[str, list[Tensor]]:
    """What a name holds, and its tensors. Raises CannotEdit for what cannot be taken apart item by item."""
    if isinstance(value, (Tensor, Unknown)):
        return "tensor", [value] if isinstance(value, Tensor) else []
    items: list[Value] = []
    kind = ""
    if isinstance(value, Sequence) and value.kind in ("list", "tuple"):
        kind, items = "record" if value.fields else "list", value.items
    elif isinstance(value, Mapping):
        kind, items = "dict", list(value.items.values())
    tensors = [item for item in items if isinstance(item, Tensor)]
    if not kind or len(tensors) < len(items):
        raise CannotEdit(f"`{name}` holds more than tensors")
    return kind, tensors


def _without_graph(runs: Runs) -> set[str]:
    """The names that hold nothing with a graph at some time when they are asked for."""
    counts: Counter[str] = Counter()
    for _, trace in runs.traces():
        counts |= Counter(map(probed_name, trace.of(Unseen))) - Counter(map(probed_name, trace.of(Escape)))  # type: ignore[arg-type]
    return set(counts)


def _starts(step: Step) -> dict[str, int]:
    """The names that the step reads and does not bind, and where a detached copy can take their place."""
    first = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    end = first + len(step.statements)
    read = [use.id for use in used_here(step.block[:end]) if isinstance(use.ctx, ast.Load)]
    rebound = _rebound(step.statements)
    starts: dict[str, int] = {}
    for name in dict.fromkeys(read):
        binding = [i for i, s in enumerate(step.block[:first]) if name in stored_here([s]) | changed_in_place([s])]
        reading = [i for i, statement in enumerate(step.block[:end]) if reads([statement], name)]
        start = binding[-1] + 1 if binding else min(reading[0], first)
        if name not in rebound and reading[-1] >= start:
            starts[name] = start
    return dict(sorted(starts.items(), key=lambda item: item[1])[-_MOST_NAMES:])


def _rebound(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that some statements bind anew; `z += 1` changes the tensor that it names."""
    statements = list(statements)
    nodes = [node for statement in statements for node in ast.walk(statement)]
    sums = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
    bound = [use.id for use in used_here(statements) if not isinstance(use.ctx, ast.Load)]
    summed = Counter(target.id for target in sums if isinstance(target, ast.Name))
    return stored_here(statements) - {name for name, count in summed.items() if count == bound.count(name)}


def _require_replaceable(layout: Layout, step: Step, name: str) -> None:
    """Raises CannotEdit where a name's binding or its readers do not allow a second name for it."""
    first = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    if not name.isidentifier():
        return
    binding = [statement for statement in step.block[:first] if name in stored_here([statement])]
    if binding and not isinstance(binding[-1], _BINDING):
        raise CannotEdit(f"`{name}` is not bound by an assignment")
    if escapes_to_inner_scopes(layout, layout.scope(step.statements[0]), name):
        raise CannotEdit(f"`{name}` is read by a function inside")
