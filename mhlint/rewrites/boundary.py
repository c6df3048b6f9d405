"""Where the trunk ends: the names that hold the tensors through which all losses reach what they share."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Escape, Event, Runs, Unseen
from mhlint.autograd.values import Mapping, Sequence, Tensor, Unknown, Value, tensors_in
from mhlint.findings import Finding
from mhlint.rewrites.groups import Group, Step, probed
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, escapes_to_inner_scopes, loads, stored
from mhlint.rewrites.own_copy import OwnCopy, own_copy, writes_into
from mhlint.rewrites.scene import Probe, Scene, probed_name, where

_E = TypeVar("_E", bound=Event)
_MOST_NAMES = 24
# Behind each of these a name holds what the statement, or one in its block, has bound it to.
_BINDING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.With, ast.If, ast.For, ast.While)


@dataclass(frozen=True)
class Boundary:
    """A name at which the trunk ends.

    A detached copy can take its place from the statement with index `start` of the step's block on: behind the one
    that binds the name, or where it is first read if it is bound elsewhere. `certain`: its tensors have a graph for
    certain; `plain`: it surely holds tensors; `kind`: a tensor, or a list (a tuple), record (a named tuple) or dict of
    them; `whole`: all of these are used; `mixed`: some of what it holds has no graph, as an input or a mask; `copy`:
    where a head works in place on it.
    """

    name: str
    start: int
    certain: bool
    plain: bool
    kind: str
    whole: bool
    mixed: bool
    copy: OwnCopy | None = None

    @property
    def several(self) -> bool:
        """Does the name hold more than the one tensor itself?"""
        return self.kind != "tensor"


def boundaries(scene: Scene, step: Step, finding: Finding) -> list[Boundary]:
    """The boundary of a step, in the order in which it is bound. Raises CannotEdit where it has no names."""
    starts = _starts(step)
    if not starts:
        raise CannotEdit("the losses share no tensor that has a name")
    asked = {start: tuple(name for name in starts if starts[name] == start) for start in set(starts.values())}
    probes = tuple(Probe(where(step.block[start]), names) for start, names in asked.items())
    found = probed(scene, step, finding, probes)
    if found is None or not found[1]:
        raise CannotEdit("the step is too large to be looked at again")
    runs, groups = found
    for start in sorted(asked, reverse=True):
        cuts = [_cut(step, group, start, starts) for group in groups]
        if all(cuts):
            break
    else:
        raise CannotEdit("the losses do not meet the trunk in tensors that have names")
    ungraphed = _without_graph(runs)
    chosen: dict[str, Boundary] = {}
    for group, cut in zip(groups, cuts, strict=True):
        for name, reached in cut.items():
            _require_replaceable(scene.layout, step, name)
            made = _boundary(group, name, starts[name], reached, name not in ungraphed)
            value = _values(group)[name]
            if writes := writes_into(group, _kind(value, name)[1], _asked(group)):
                copy = own_copy(scene, step, finding, name, made.kind, writes, start)
                made = replace(made, copy=copy)
            chosen[name] = made if name not in chosen else _both(chosen[name], made)
    return [
        replace(chosen[name], whole=chosen[name].whole and all(name in cut for cut in cuts))
        for name in starts
        if name in chosen
    ]


def _boundary(group: Group, name: str, start: int, reached: list[Tensor], has_graph: bool) -> Boundary:
    value = _values(group)[name]
    serial = _serials(group)[name]
    kind, items = _kind(value, name)
    nodes = [_node_at(tensor, serial) for tensor in reached]
    return Boundary(
        name,
        start,
        has_graph and all(node is not None and node.sure is Level.CERTAIN for node in nodes),
        isinstance(value, (Tensor, Sequence, Mapping)) and not any(item.unseen_call for item in items),
        kind,
        len(reached) == len(items),
        any(_node_at(item, serial) is None for item in items),
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
        asked = Counter(name for _, name in _probes_in(trace.of(Unseen)))
        counts |= asked - Counter(name for _, name in _probes_in(trace.of(Escape)))
    return set(counts)


def _starts(step: Step) -> dict[str, int]:
    """The names that the step reads and does not bind, and where a detached copy can take their place."""
    first = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    end = first + len(step.statements)
    read = [
        node.id
        for statement in step.block[:end]
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    ]
    rebound = _rebound(step.statements)
    starts: dict[str, int] = {}
    for name in dict.fromkeys(read):
        binding = [i for i, s in enumerate(step.block[:first]) if name in stored([s]) or name in changed_in_place([s])]
        reading = [i for i, statement in enumerate(step.block[:end]) if loads([statement], name)]
        start = binding[-1] + 1 if binding else min(reading[0], first)
        if name not in rebound and reading[-1] >= start:
            starts[name] = start
    return dict(sorted(starts.items(), key=lambda item: item[1])[-_MOST_NAMES:])


def _rebound(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that some statements bind anew; `z += 1` changes the tensor that it names."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    sums = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
    bound = [node.id for node in nodes if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)]
    summed = Counter(target.id for target in sums if isinstance(target, ast.Name))
    return stored(nodes) - {name for name, count in summed.items() if count == bound.count(name)}


def _values(group: Group) -> dict[str, Value]:
    """What the probed names held when the group's step began."""
    return {name: event.given[1] for event, name in _asked_for(group)}


def _serials(group: Group) -> dict[str, int]:
    """The number of the last node that was made before a name was asked for."""
    return {name: event.serial for event, name in _asked_for(group)}


def _asked_for(group: Group) -> Iterator[tuple[Unseen, str]]:
    for event, name in _probes_in(_before(group)):
        if isinstance(event, Unseen):
            yield event, name


def _asked(group: Group) -> int:
    """When the last name was asked for."""
    return max((event.index for event, _ in _asked_for(group)), default=0)


def _node_at(tensor: Tensor, serial: int) -> Node | None:
    """The node that a tensor came from before what changed it in place later."""
    node: Node | Tensor | None = tensor.node
    while isinstance(node, Node) and node.sequence > serial:
        node = node.inputs[0][0] if node.inputs else None
    return node if isinstance(node, Node) else None


def _before(group: Group) -> Iterator[Event]:
    """What happened before the first walk, in the same turns of the loops around it."""
    turn = group.walks[0].turn
    for event in group.trace.events[: group.walks[0].index]:
        if turn[: len(event.turn)] == event.turn:
            yield event


def _probes_in(events: Iterable[_E]) -> Iterator[tuple[_E, str]]:
    for event in events:
        if (name := probed_name(event)) is not None:
            yield event, name


def _cut(step: Step, group: Group, start: int, starts: dict[str, int]) -> dict[str, list[Tensor]]:
    """The names, with those of their tensors that are used, to be cut in front of a statement; none if there are none.

    Whatever is made later than that meets what was there, and leads to what the walks share, in these tensors alone.
    """
    frontier = _frontier(group, _serial(step, group, start))
    read = _from(step, start)
    cut: dict[str, list[Tensor]] = {}
    met: set[Node | None] = set()
    serials = _serials(group)
    for name, value in _values(group).items():
        if starts[name] <= start and loads(read, name):
            nodes = [(tensor, _node_at(tensor, serials[name])) for tensor in tensors_in(value) if not tensor.parts]
            reached = [tensor for tensor, node in nodes if node in frontier]
            met |= {node for _, node in nodes if node in frontier}
            cut |= {name: reached} if reached else {}
    return cut if met == frontier else {}


def _from(step: Step, start: int) -> tuple[ast.stmt, ...]:
    """The statements of the step's block from one on, to the last walk."""
    end = next(i for i, item in enumerate(step.block) if item is step.statements[-1])
    return step.block[start : end + 1]


def _serial(step: Step, group: Group, start: int) -> int:
    """The number of the last node that was made before a statement; 0 where it did not run."""
    place = step.block[start]
    serials = [
        event.serial
        for event, _ in _asked_for(group)
        if (event.site.node.lineno, event.site.node.col_offset) == (place.lineno, place.col_offset)  # type: ignore[attr-defined]
    ]
    return serials[-1] if serials else 0


def _frontier(group: Group, serial: int) -> set[Node]:
    """The nodes of what the walks share that nodes made later than `serial` lead to; none where that is no cut."""
    shared = group.shared
    roots = [root.node for walk in group.walks for root in walk.roots if root.node is not None]
    if any(node.sequence > serial for node in shared) or any(node.sequence <= serial for node in roots):
        return set()
    entered = {
        target
        for walk in group.walks
        for node in walk.walk.nodes
        if node.sequence > serial
        for target, _ in node.inputs
        if isinstance(target, Node) and target.sequence <= serial
    }
    return {node for node in entered if node in shared or reaches(node, shared)}


def reaches(start: Node, wanted: set[Node]) -> bool:
    """Does a node lead to one of some others?"""
    waiting, seen = [start], {start}
    while waiting:
        for target, _ in waiting.pop().inputs:
            if target in wanted:
                return True
            if isinstance(target, Node) and target not in seen:
                seen.add(target)
                waiting.append(target)
    return False


def _require_replaceable(layout: Layout, step: Step, name: str) -> None:
    """Raises CannotEdit where a name's binding or its readers do not allow a second name for it."""
    first = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    binding = [statement for statement in step.block[:first] if name in stored([statement])]
    if binding and not isinstance(binding[-1], _BINDING):
        raise CannotEdit(f"`{name}` is not bound by an assignment")
    if escapes_to_inner_scopes(layout, layout.scope(step.statements[0]), name):
        raise CannotEdit(f"`{name}` is read by a function inside")
