"""The part of a path that a finding needs: which walks, steps and writes, over which nodes, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from mhlint.autograd.graph import Level, Node, Storage
from mhlint.autograd.trace import Backward, Detach, Event, Step, Trace, Write
from mhlint.autograd.values import Tensor


@dataclass(frozen=True)
class Excerpt:
    """Events in order, nodes in the order in which they were made, and how many events came before each.

    `level` is how sure an edge must be to count.
    """

    trace: Trace
    events: tuple[Event, ...]
    nodes: tuple[Node, ...]
    position: dict[Node, int] = field(repr=False)
    level: Level

    def made_before(self, index: int) -> list[Node]:
        """The nodes that are made between the event before and event number `index`."""
        return [node for node in self.nodes if self.position[node] == index]


def changes_of(trace: Trace, storage: Storage) -> list[Event]:
    """The events that changed a storage, in the order of its own list of changes."""
    found: list[Event] = []
    for event in trace.events:
        written = isinstance(event, Write) and event.tensor.storage is storage and event.change.seen
        if written or (isinstance(event, Step) and any(tensor.storage is storage for tensor in event.changed)):
            found.append(event)
    return found


def excerpt(trace: Trace, chosen: Iterable[Event], level: Level) -> Excerpt:
    """The chosen events, the cuts that their nodes stand on, and these nodes."""
    events = {event.index: event for event in chosen}
    nodes: set[Node] = set()
    cuts = {event.result: event for event in trace.of(Detach)}
    todo = [node for event in events.values() for node in _walked(event, level)]
    while todo:
        node = todo.pop()
        if node in nodes:
            continue
        nodes.add(node)
        for target, edge in node.inputs:
            if edge < level:
                continue
            if isinstance(target, Node):
                if target.sure >= level:
                    todo.append(target)
            elif target in cuts and cuts[target].index not in events:
                cut = cuts[target]
                events[cut.index] = cut
                todo += _below(cut, level)
    for event in list(events.values()):
        if isinstance(event, Backward) and event.sends in cuts:
            cut = cuts[event.sends]
            events[cut.index] = cut
    ordered = tuple(event for _, event in sorted(events.items()))
    made = tuple(sorted(nodes, key=lambda node: node.sequence))
    return Excerpt(trace, ordered, made, _positions(trace, ordered, made), level)


def _walked(event: Event, level: Level) -> list[Node]:
    if isinstance(event, Backward):
        return [node for node, sure in event.walk.nodes.items() if sure >= level]
    if isinstance(event, Detach):
        return _below(event, level)
    return []


def _below(cut: Detach, level: Level) -> list[Node]:
    node = cut.tensor.node
    return [node] if node is not None and node.sure >= level else []


def _positions(trace: Trace, events: tuple[Event, ...], nodes: tuple[Node, ...]) -> dict[Node, int]:
    clocks = [getattr(event, "clock", 0) for event in events]
    if all(clocks):
        return {node: sum(clock < node.sequence for clock in clocks) for node in nodes}
    low, high = _bounds(trace, events, nodes)
    earliest = 0
    for node in nodes:
        earliest = low[node] = max(earliest, low[node])
    latest = len(events)
    for node in reversed(nodes):
        latest = high[node] = min(latest, high[node])
    return {node: max(high[node], low[node]) if low[node] > high[node] else high[node] for node in nodes}


def _bounds(
    trace: Trace, events: tuple[Event, ...], nodes: tuple[Node, ...]
) -> tuple[dict[Node, int], dict[Node, int]]:
    """The fewest and the most events that can have come before each node."""
    low, high = dict.fromkeys(nodes, 0), dict.fromkeys(nodes, len(events))
    number = {event.index: position for position, event in enumerate(events)}
    result_of = {event.result: position for position, event in enumerate(events) if isinstance(event, Detach)}
    changed: dict[Storage, list[Event]] = {}
    for position, event in enumerate(events):
        for node in _walked(event, Level.MAYBE):
            if node in high:
                high[node] = min(high[node], position)
        for node in nodes:
            order = _by_turns(node, event)
            if order < 0:
                high[node] = min(high[node], position)
            elif order > 0:
                low[node] = max(low[node], position + 1)
    for node in nodes:
        for target, _ in node.inputs:
            if isinstance(target, Tensor) and target in result_of:
                low[node] = max(low[node], result_of[target] + 1)
        for saved in node.saved:
            if saved.storage not in changed:
                changed[saved.storage] = changes_of(trace, saved.storage)
            for count, event in enumerate(changed[saved.storage]):
                place = number.get(event.index)
                if place is None:
                    continue
                if count < saved.version:
                    low[node] = max(low[node], place + 1)
                else:
                    high[node] = min(high[node], place)
    return low, high


def _by_turns(node: Node, event: Event) -> int:
    """-1 where a node was made in an earlier turn than an event, 1 in a later one, 0 where turns do not tell."""
    for (made_in, made_turn), (now_in, now_turn) in zip(node.turn, event.turn, strict=False):
        if made_in != now_in:
            return -1 if made_in < now_in else 1
        if made_turn != now_turn:
            return -1 if made_turn < now_turn else 1
    if len(event.turn) > len(node.turn):
        # The activation of a loop is counted on the nodes' own clock.
        return -1 if node.sequence < event.turn[len(node.turn)][0] else 0
    return 0
