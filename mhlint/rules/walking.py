"""Questions about walks: what two of them share, and whether something between them needs them apart."""

from __future__ import annotations

import re

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.holders import unseen_results
from mhlint.autograd.trace import Backward, Clip, Escape, Hook, ReadGrad, Runs, Step, Trace, Unseen, Write, ZeroGrad
from mhlint.autograd.values import ORIGIN, Tensor, Value

_LOOKS_AT_GRADIENTS = re.compile(r"grad|clip|surgery|norm_of|hook", re.IGNORECASE)
"""What an unseen call is named that may use gradients between two walks."""


_HARMLESS = ("own attribute", "stale call", "stale return")
"""How tensors are shown to code that is not seen and does not walk them."""


def shared_trunk(first: Backward, later: Backward) -> tuple[Node, Level] | None:
    """The last node that keeps tensors and that both walks visit on their way to something trainable."""
    if not any(leaf in later.walk.leaves and leaf.requires_grad is not False for leaf in first.walk.leaves):
        return None
    best: tuple[Node, Level] | None = None
    for node, sure in first.walk.nodes.items():
        if node.keeps < Level.LIKELY:
            continue
        level = min(sure, later.walk.nodes.get(node, Level.NO), node.keeps)
        if level > Level.NO and (best is None or (level, node.sequence) > (best[1], best[0].sequence)):
            best = node, level
    return best


def needs_apart(trace: Trace, first: Backward, later: Backward) -> bool:
    """Does something between two walks use, change or clear what the first one left in `.grad`?"""
    filled = first.walk.leaves
    if any(event.index < first.index and _hooks_a_module(event) for event in trace.of(Hook)):
        return True
    for event in trace.between(first, later):
        if isinstance(event, Hook) or (isinstance(event, Unseen) and _LOOKS_AT_GRADIENTS.search(event.label)):
            return True
        if isinstance(event, Step):
            optimizer = event.optimizer
            if optimizer is None or not optimizer.exact or any(p in filled for p in optimizer.parameters):
                return True
        elif isinstance(event, ZeroGrad):
            if not event.exact or any(tensor in filled for tensor in event.tensors):
                return True
        elif isinstance(event, Clip):
            if not event.tensors or any(tensor in filled for tensor in event.tensors):
                return True
        elif isinstance(event, (ReadGrad, Write)):
            if event.tensor in filled or (event.tensor.node is not None and event.tensor.node in first.walk.nodes):
                return True
        elif isinstance(event, Backward):
            if event.api == "autograd.grad" and not event.creates_graph and _meets(event, first):
                return True
    return any(leaf.hooked for leaf in filled)


def _hooks_a_module(event: Hook) -> bool:
    """Does it run code with each walk over a module: to sum up squares of gradients, for one?"""
    return not event.flag and not isinstance(event.target, Tensor)


def _meets(event: Backward, first: Backward) -> bool:
    return any(node in first.walk.nodes for node in event.walk.nodes)


def walked_or_shown_later(trace: Trace, event: Backward, unread: frozenset[str] = frozenset()) -> bool:
    """May anything after `event` still walk what it visited: a later walk, or code that is not seen?

    `unread` are attributes of which it is known that no other call reads what this one has left there.
    """
    kept = {node for node in event.walk.nodes if node.keeps >= Level.MAYBE}
    given = unseen_results(event.walk)
    if not kept and not given:
        return False
    for later in trace.events[event.index + 1 :]:
        if isinstance(later, Backward):
            if any(node in kept for node in later.walk.nodes) or given & unseen_results(later.walk):
                return True
        elif isinstance(later, Escape) and later.how not in _HARMLESS and later.name not in unread:
            if any(_leads_to(tensor.node, kept) or _origin(tensor) in given for tensor in later.tensors):
                return True
    return False


def _origin(tensor: Tensor) -> Value | None:
    """The result of an unseen call that a tensor stands for."""
    return tensor.node.origin if tensor.node is not None else tensor.attributes.get(ORIGIN)


def unread_attributes(runs: Runs) -> frozenset[str]:
    """The attributes that no root reads before it has stored them."""
    if not runs.all_run or any(trace.ended == "budget" for _, trace in runs.traces()):
        return frozenset()
    kept = {event.name for _, trace in runs.traces() for event in trace.of(Escape) if event.name}
    return frozenset(kept.difference(*(trace.found for _, trace in runs.traces())))


def stays_known(trace: Trace, event: Backward) -> bool:
    """Does the object whose method was run keep what `event` visited, or is it given back to be shown?"""
    kept = set(event.walk.nodes)
    shown = (later for later in trace.of(Escape) if later.how not in ("call", "return") and later.index > event.index)
    return any(_leads_to(tensor.node, kept) for later in shown for tensor in later.tensors)


def _leads_to(start: Node | None, kept: set[Node]) -> bool:
    if start is None:
        return False
    oldest = min((node.sequence for node in kept), default=0)
    waiting, seen = [start], {start}
    while waiting:
        node = waiting.pop()
        if node in kept:
            return True
        for target, _ in node.inputs:
            if isinstance(target, Node) and target.sequence >= oldest and target not in seen:
                seen.add(target)
                waiting.append(target)
    return False
