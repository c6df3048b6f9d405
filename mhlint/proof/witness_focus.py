"""Which events of a path a finding's witness needs."""

from __future__ import annotations

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Clip, Detach, Event, Failure, ReadGrad, Step, Trace, Write, ZeroGrad
from mhlint.autograd.values import Tensor
from mhlint.proof.witness_excerpt import Excerpt, changes_of, excerpt


def raising(trace: Trace, event: Backward) -> Excerpt:
    """The walks and changes that make a walk raise, and that walk."""
    failure = event.failure
    assert failure is not None
    chosen: dict[int, Event] = {event.index: event}
    if failure.earlier is not None:
        _add_walk(trace, failure.earlier, chosen)
    if failure.kind == "version":
        for change in _change(trace, event, failure):
            chosen[change.index] = change
            if isinstance(change, Step) and failure.saved is not None:
                _fill(trace, change, [t for t in change.changed if t.storage is failure.saved.storage], chosen)
    if failure.kind == "no-gradient" and failure.tensor is not None:
        for earlier in trace.events[: event.index]:
            walked = isinstance(earlier, Backward) and failure.tensor in earlier.walk.leaves
            cleared = isinstance(earlier, ZeroGrad) and failure.tensor in earlier.tensors
            if (walked or cleared) and not (isinstance(earlier, Backward) and earlier.caught):
                chosen[earlier.index] = earlier
        for cut in trace.of(Detach):
            if cut.result is failure.tensor:
                chosen[cut.index] = cut
    return excerpt(trace, chosen.values(), min(failure.level, Level.LIKELY))


def walking(trace: Trace, event: Backward, level: Level = Level.LIKELY) -> Excerpt:
    """All walks over what one walk visits, up to the last of them, and the steps on what they fill."""
    kept = {node for node, sure in event.walk.nodes.items() if sure >= level and node.keeps >= Level.LIKELY}
    walks = [
        other
        for other in trace.of(Backward)
        if other is event or (other.failure is None and not kept.isdisjoint(other.walk.nodes))
    ]
    filling: dict[int, Event] = {}
    for walk in walks:
        _add_walk(trace, walk, filling)
    leaves = {leaf for walk in walks for leaf in walk.walk.leaves}
    last = max(walk.index for walk in walks)
    between: list[Event] = [
        other
        for other in trace.events[walks[0].index : last]
        if (isinstance(other, Step) and not leaves.isdisjoint(other.changed))
        or (isinstance(other, ZeroGrad) and not leaves.isdisjoint(other.tensors))
    ]
    return excerpt(trace, {**filling, **{one.index: one for one in between}}.values(), level)


def _add_walk(trace: Trace, walk: Backward, chosen: dict[int, Event]) -> None:
    """A walk, and the walk that filled the gradient that it sends."""
    chosen[walk.index] = walk
    if walk.sends is not None:
        for index in walk.sent_walks:
            filled = trace.events[index]
            if index not in chosen and isinstance(filled, Backward):
                _add_walk(trace, filled, chosen)


def _change(trace: Trace, event: Backward, failure: Failure) -> list[Event]:
    saved, change = failure.saved, failure.change
    assert saved is not None and change is not None
    events = changes_of(trace, saved.storage)
    if len(events) == len(saved.storage.changes):
        return [one for one, made in zip(events, saved.storage.changes, strict=True) if made is change]
    found: list[Event] = [
        one
        for one in trace.events[: event.index]
        if isinstance(one, (Step, Write)) and one.site.place == change.site.place
    ]
    return found[-1:]


def _fill(trace: Trace, step: Step, wanted: list[Tensor], chosen: dict[int, Event]) -> None:
    """The last walk before a step that filled the gradients of what it changes."""
    for earlier in reversed(trace.events[: step.index]):
        if isinstance(earlier, Backward) and earlier.failure is None:
            if any(earlier.walk.leaves.get(tensor, Level.NO) >= Level.LIKELY for tensor in wanted):
                _add_walk(trace, earlier, chosen)
                return


def whole(trace: Trace, level: Level) -> Excerpt:
    """All walks of a path, and all that touches the gradients and values they stand on."""
    kinds = (Backward, Step, ZeroGrad, Clip, ReadGrad, Write)
    chosen = [event for event in trace.events if isinstance(event, kinds)]
    return excerpt(trace, [one for one in chosen if not (isinstance(one, Backward) and one.caught)], level)
