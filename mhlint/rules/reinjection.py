"""Sending a boundary's gradient on through the trunk, and sending it again."""

from __future__ import annotations

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Trace


def earlier_send(trace: Trace, event: Backward) -> Backward | None:
    """The earlier walk that sent the same boundary's gradient through the same trunk, if there is one."""
    if event.sends is None:
        return None
    nodes = {root.node for root in event.roots if root.node is not None}
    for earlier in trace.of(Backward):
        if earlier.index >= event.index:
            break
        if earlier.sends is event.sends and any(root.node in nodes for root in earlier.roots):
            return earlier
    return None


def sent_again(trace: Trace, event: Backward) -> tuple[Backward, Level] | None:
    """The walk whose part of the gradient `event` sends again (or whose graph it finds freed), and how sure."""
    earlier = earlier_send(trace, event)
    if earlier is None or event.caught:
        return None
    if event.failure is not None:
        # Another statement that sends it again is a plain second backward.
        again = event.failure.kind == "freed" and earlier.site.node is event.site.node
        return (earlier, event.failure.level) if again else None
    if not set(earlier.sent_walks) & set(event.sent_walks):
        return None
    levels = (event.walk.nodes[root.node] for root in event.roots if root.node is not None)
    return earlier, max(levels, default=Level.NO)
