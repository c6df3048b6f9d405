"""Where the trunk ends: the names that hold the tensors through which all losses reach what they share."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Escape, Event, Runs, Unseen, Write
from mhlint.autograd.values import Tensor
from mhlint.findings import Finding
from mhlint.rewrites.groups import Group, Step, probed
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import escapes_to_inner_scopes, loads, stored
from mhlint.rewrites.observed import memory
from mhlint.rewrites.scene import PROBE, Probe, Scene, where

_E = TypeVar("_E", bound=Event)
_MOST_NAMES = 24
# Behind each of these a name holds what the statement, or one in its block, has bound it to.
_BINDING = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.With, ast.If, ast.For, ast.While)


@dataclass(frozen=True)
class Boundary:
    """A name at which the trunk ends.

    A detached copy can take its place from the statement with index `start` of the step's block on: behind the one
    that binds the name, or where it is first read if it is bound elsewhere. `certain`: its tensors have a graph for
    certain; `plain`: it surely holds tensors; `several`: it holds a list or a dict of them; `whole`: all of these
    are used.
    """

    name: str
    start: int
    certain: bool
    plain: bool
    several: bool
    whole: bool


def boundaries(scene: Scene, step: Step, finding: Finding) -> list[Boundary]:
    """The boundary of a step, in the order in which it is bound. Raises CannotEdit where it has no names."""
    starts = _starts(step)
    names = list(starts)
    if not names:
        raise CannotEdit("the losses share no tensor that has a name")
    found = probed(scene, step, finding, Probe(where(step.statements[0]), tuple(names)))
    if found is None or not found[1]:
        raise CannotEdit("the step is too large to be looked at again")
    layout = scene.layout
    chosen: dict[str, Boundary] = {}
    ungraphed = _without_graph(found[0])
    for group in found[1]:
        held = _held(group)
        for name, reached in _cut(step, group, held).items():
            _require_replaceable(layout, step, name)
            if any(_changed(group, tensor) for tensor in held[name]):
                raise CannotEdit(f"`{name}` is changed in place")
            before = chosen.get(name)
            nodes = [tensor.node for tensor in reached if tensor.node is not None]
            chosen[name] = Boundary(
                name,
                starts[name],
                name not in ungraphed
                and all(node.sure is Level.CERTAIN for node in nodes)
                and (before is None or before.certain),
                not any(tensor.unseen_call for tensor in held[name]) and (before is None or before.plain),
                len(held[name]) > 1,
                len(reached) == len(held[name]) and (before is None or before.whole),
            )
    return [chosen[name] for name in names if name in chosen]


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
    rebound = stored(step.statements)
    starts: dict[str, int] = {}
    for name in dict.fromkeys(read):
        binding = [i for i, statement in enumerate(step.block[:first]) if name in stored([statement])]
        reading = [i for i, statement in enumerate(step.block[:end]) if loads([statement], name)]
        start = binding[-1] + 1 if binding else min(reading[0], first)
        if name not in rebound and reading[-1] >= start:
            starts[name] = start
    return dict(sorted(starts.items(), key=lambda item: item[1])[-_MOST_NAMES:])


def _held(group: Group) -> dict[str, list[Tensor]]:
    """The tensors that the probed names held when the group's step began."""
    held: dict[str, list[Tensor]] = {}
    for event, name in _probes(group):
        held[name] = [tensor for tensor in event.tensors if tensor.node is not None]
    return {name: tensors for name, tensors in held.items() if tensors and not tensors[0].parts}


def _probes(group: Group) -> Iterator[tuple[Escape, str]]:
    turn = group.walks[0].turn
    before = (event for event in group.trace.events[: group.walks[0].index] if isinstance(event, Escape))
    for event, name in _probes_in(before):
        if turn[: len(event.turn)] == event.turn:
            yield event, name


def _probes_in(events: Iterable[_E]) -> Iterator[tuple[_E, str]]:
    for event in events:
        if isinstance(event.site.node, ast.Call):
            func = event.site.node.func
            if isinstance(func, ast.Name) and func.id.startswith(PROBE):
                yield event, func.id.removeprefix(PROBE)


def _cut(step: Step, group: Group, held: dict[str, list[Tensor]]) -> dict[str, list[Tensor]]:
    """The names whose tensors all ways to the shared part lead through, with those tensors that are used."""
    shared = group.shared
    frontier = _frontier(group, shared)
    exact = {
        name: reached
        for name, tensors in held.items()
        if (reached := [tensor for tensor in tensors if tensor.node in frontier])
    }
    if frontier and {tensor.node for reached in exact.values() for tensor in reached} == frontier:
        return exact
    index = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    for statement in reversed(step.block[:index]):
        bound = {name: held[name] for name in stored([statement]) if name in held}
        met = _met(group, shared, {tensor.node for tensors in bound.values() for tensor in tensors})
        if bound and met is not None:
            used = {name: [t for t in tensors if t.node in met] for name, tensors in bound.items()}
            return {name: tensors for name, tensors in used.items() if tensors}
    raise CannotEdit("the losses do not meet the trunk in tensors that have names")


def _frontier(group: Group, shared: set[Node]) -> set[Node]:
    """The shared nodes that a walk enters from its own ones: where the trunk ends."""
    entered: set[Node] = set()
    for walk in group.walks:
        for node in walk.walk.nodes:
            if node not in shared:
                entered |= {
                    target for target, _ in node.inputs if isinstance(target, Node) and target in shared
                }
        entered |= {root.node for root in walk.roots if root.node is not None and root.node in shared}
    return entered


def _met(group: Group, shared: set[Node], cut: Iterable[Node | None]) -> set[Node] | None:
    """The nodes of a cut that the walks come to first; None where a shared node is reached around it."""
    met: set[Node] = set()
    wanted = set(cut)
    for walk in group.walks:
        waiting = [root.node for root in walk.roots if root.node is not None]
        seen = set(waiting)
        while waiting:
            node = waiting.pop()
            if node in wanted:
                met.add(node)
                continue
            if node in shared:
                return None
            new = [target for target, _ in node.inputs if isinstance(target, Node) and target not in seen]
            seen.update(new)
            waiting.extend(new)
    return met or None


def _changed(group: Group, tensor: Tensor) -> bool:
    """Is a boundary's memory written to before the last walk, once it is there?"""
    asked = max((event.index for event, _ in _probes(group)), default=0)
    return any(
        tensor.storage in memory(event.tensor) and asked < event.index < group.walks[-1].index
        for event in group.trace.of(Write)
    )


def _require_replaceable(layout: Layout, step: Step, name: str) -> None:
    """Raises CannotEdit where a name's binding or its readers do not allow a second name for it."""
    first = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    binding = [statement for statement in step.block[:first] if name in stored([statement])]
    if binding and not isinstance(binding[-1], _BINDING):
        raise CannotEdit(f"`{name}` is not bound by an assignment")
    if escapes_to_inner_scopes(layout, layout.scope(step.statements[0]), name):
        raise CannotEdit(f"`{name}` is read by a function inside")
