"""Wrappers that take one walk for each forward: which walks come after that one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Backward, ModuleCall, Trace
from mhlint.autograd.values import FALSE, TRUE, Module, Tensor, Value

REPLICAS = "DistributedDataParallel"
SHARDS = "FullyShardedDataParallel"
COMPILED = "torch.compile"


@dataclass
class _Forward:
    """The last forward of a wrapped module: what its one reduction still waits for."""

    call: ModuleCall
    filled: dict[Tensor, Backward] = field(default_factory=dict)
    walks: list[Backward] = field(default_factory=list)


@dataclass(frozen=True)
class ExtraWalk:
    """A walk that a wrapper does not expect: `marks_twice` where it raises, else its gradients stay unshared."""

    event: Backward
    first: Backward
    call: ModuleCall
    marks_twice: bool
    level: Level


def extra_walks(trace: Trace) -> Iterator[ExtraWalk]:
    """Walks after the one that a DistributedDataParallel forward has prepared.

    Its reducer waits until each parameter has been filled once. A parameter that is filled again before raises;
    what is filled after that is not averaged (until the next forward).
    """
    forwards: dict[Value, _Forward] = {}
    for event in trace.events:
        if isinstance(event, ModuleCall):
            if isinstance(event.module, Module) and event.module.kind == REPLICAS and event.grad_enabled:
                forwards[event.module] = _Forward(event)
        elif isinstance(event, Backward) and event.api != "autograd.grad" and event.failure is None:
            for forward in forwards.values():
                yield from _after(forward, event)


def _after(forward: _Forward, event: Backward) -> Iterator[ExtraWalk]:
    wanted = {parameter for parameter in forward.call.parameters if parameter.requires_grad}
    levels = {p: event.walk.leaves[p] for p in wanted if event.walk.leaves.get(p, Level.NO) >= Level.LIKELY}
    if not levels:
        return
    again = [parameter for parameter in levels if parameter in forward.filled]
    complete = wanted <= set(forward.filled)
    if again or complete:
        first = forward.filled[again[0]] if again else forward.walks[0]
        level = min(forward.call.level, *(levels[p] for p in again or levels))
        yield ExtraWalk(event, first, forward.call, not complete, level)
    for parameter in levels:
        forward.filled.setdefault(parameter, event)
    forward.walks.append(event)


def marks_in_checkpoints(trace: Trace) -> Iterator[tuple[Backward, ModuleCall, Node, Level]]:
    """Walks in which a reentrant checkpoint fills a parameter of DistributedDataParallel for the second time.

    What it runs again is walked on its own. A parameter in two of them, or in one and outside, is ready twice; with
    `find_unused_parameters=True` any parameter in one is, since the outputs do not show it (FACTS F72).
    """
    forwards: dict[Value, ModuleCall] = {}
    for event in trace.events:
        if isinstance(event, ModuleCall):
            if isinstance(event.module, Module) and event.module.kind == REPLICAS and event.grad_enabled:
                forwards[event.module] = event
        elif isinstance(event, Backward) and event.failure is None:
            for module, call in forwards.items():
                assert isinstance(module, Module)
                found = _marked_twice(event, call, module.settings)
                if found is not None:
                    yield event, call, *found


def _marked_twice(event: Backward, call: ModuleCall, settings: dict[str, Value]) -> tuple[Node, Level] | None:
    if settings.get("static_graph", FALSE) != FALSE:
        return None
    unused = settings.get("find_unused_parameters") == TRUE
    wanted = {parameter for parameter in call.parameters if parameter.requires_grad}
    checkpoints = [node for node in event.walk.in_engine_order() if node.inside]
    regions = {node: _inside(node) for node in checkpoints}
    hidden = {inner for nodes, _ in regions.values() for inner in nodes}
    # Outside of the checkpoints a parameter is ready after the last node that leads to it.
    ready_after: dict[Tensor, int] = {}
    for node in event.walk.nodes.keys() - hidden:
        for target, _ in node.inputs:
            if isinstance(target, Tensor) and target in wanted:
                ready_after[target] = min(node.sequence, ready_after.get(target, node.sequence))
    filled: set[Tensor] = set()
    for node in checkpoints:
        level = min(event.walk.nodes[node], call.level)
        inside = regions[node][1] & wanted
        if level >= Level.LIKELY and inside and (unused or inside & filled):
            return node, level
        filled |= inside
        if wanted <= filled | {leaf for leaf, sequence in ready_after.items() if sequence > node.sequence}:
            # All are ready at the end of this walk of its own: the reducer is done, and counts no further.
            return None
    return None


def _inside(region: Node) -> tuple[set[Node], set[Tensor]]:
    """The nodes of what a checkpoint runs again, and the leaves that they lead to."""
    found: set[Tensor] = set()
    todo, seen = [region], {region}
    while todo:
        for target, level in todo.pop().inputs:
            if level < Level.LIKELY:
                continue
            if isinstance(target, Tensor):
                found.add(target)
            elif target not in seen and target.sequence > region.inside:
                seen.add(target)
                todo.append(target)
    return seen, found


def second_walks(trace: Trace, region: str) -> Iterator[tuple[Backward, Backward, Node, Level]]:
    """Pairs of a retained walk and a later one through the same node of a region, and that node."""
    walks = [event for event in trace.of(Backward) if event.failure is None]
    for position, later in enumerate(walks):
        for first in reversed(walks[:position]):
            shared = [
                (min(level, first.walk.nodes[node]), node)
                for node, level in later.walk.nodes.items()
                if node.region == region and node in first.walk.nodes
            ]
            if first.retains and shared:
                level, node = max(shared, key=lambda item: (item[0], item[1].sequence))
                yield first, later, node, level
                break


def through_one_wrapper(first: Backward, later: Backward) -> bool:
    """Do two walks go through one wrapper of a kind that takes a single walk?"""
    single = {REPLICAS, SHARDS, COMPILED}
    one, two = ({node.region for node in event.walk.nodes if node.region in single} for event in (first, later))
    return bool(one & two)
