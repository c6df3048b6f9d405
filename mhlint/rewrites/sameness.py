"""Do two runs give every parameter the same gradients at every step? Asked of their traces, not of PyTorch.

A gradient is a sum over the ways that lead from a loss down to the parameter (the chain rule), and it is known here by
how many ways lead there from each loss. A loss is known by its text and its turn; a sum is the losses it is made of. A
walk that sends on what heads left in a detached tensor goes on along all ways that led from their losses to it: so a
parameter that a head and the trunk share has the ways that end in the head and those through the boundary, each once.
Whatever the traces do not show (numbers, prints, random draws) is not compared here.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from mhlint.autograd.graph import Level, Node, walk
from mhlint.autograd.trace import Backward, Root, Runs, Step, Trace
from mhlint.autograd.values import Sequence, Tensor, Value
from mhlint.syntax.program import Site

_LINEAR = frozenset({"+", "sum", "scale", "add", "+="})

Text = Callable[[str], str]
Loss = tuple[str, str, tuple[int, ...]]


@dataclass
class _Texts:
    """How nodes are called, the names of a rewrite set back to those it replaced."""

    rename: Text
    kept: dict[ast.AST, str] = field(default_factory=dict)

    def of(self, site: Site | None) -> str:
        if site is None:
            return ""
        if site.node not in self.kept:
            try:
                text = ast.unparse(site.node) if isinstance(site.node, ast.expr) else type(site.node).__name__
            except (ValueError, RecursionError):
                text = "..."
            self.kept[site.node] = self.rename(text)
        return self.kept[site.node]


def same_gradients(
    before: Runs, after: Runs, rename: Text, ignored_choices: frozenset[str], rows: range
) -> bool:
    """Has every parameter the same gradient at every step of every path?

    `ignored_choices` are conditions that only the rewrite has, taken as true; a path may end in an error where
    the old one does not if that error stands outside of `rows` (it is another finding's).
    """
    plain, renamed = _Texts(lambda text: text), _Texts(rename)
    if [root.name for root in before.roots] != [root.name for root in after.roots]:
        return False
    return all(
        _same_root(old, new, plain, renamed, ignored_choices, rows)
        for old, new in zip(before.roots, after.roots, strict=True)
    )


def _same_root(
    old: Root, new: Root, plain: _Texts, renamed: _Texts, ignored: frozenset[str], rows: range
) -> bool:
    known = {_choices(trace, lambda text: text, frozenset()): trace for trace in old.traces}
    met = set()
    for trace in new.traces:
        if any(choice.text in ignored and not choice.taken for choice in trace.choices):
            continue
        key = _choices(trace, renamed.rename, ignored)
        if key not in known:
            if (old.complete and new.complete) or _fails_within(trace, rows):
                return False
            continue
        met.add(key)
        if not _same_trace(known[key], trace, plain, renamed, rows):
            return False
    # Of too many paths each run shows some: at least one of them has to be in both.
    return bool(met or not known) and not (old.complete and new.complete and len(met) < len(known))


def _choices(trace: Trace, rename: Text, ignored: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    return tuple(
        (rename(choice.text), choice.taken) for choice in trace.choices if choice.text not in ignored
    )


def _same_trace(old: Trace, new: Trace, plain: _Texts, renamed: _Texts, rows: range) -> bool:
    left, right = _snapshots(old, plain), _snapshots(new, renamed)
    if old.ended != new.ended:
        failed = [event for event in new.of(Backward) if event.failure is not None]
        if new.ended != "raised" or not failed or _fails_within(new, rows):
            return False
        # The last snapshot is what was there when it raised.
        return left[: len(right) - 1] == right[:-1]
    return left == right


def _fails_within(trace: Trace, rows: range) -> bool:
    """Does a path end in a walk that fails in some rows?"""
    failed = [event for event in trace.of(Backward) if event.failure is not None]
    return trace.ended == "raised" and bool(failed) and failed[-1].site.row in rows


def _snapshots(trace: Trace, texts: _Texts) -> list[Counter[object]]:
    """At each step and at the end, what each leaf has collected so far."""
    collected: dict[Tensor, Counter[Loss]] = {}
    found = []
    for event in trace.events:
        if isinstance(event, Backward) and event.failure is None and event.api != "autograd.grad":
            for leaf, ways in _given(trace, event, texts):
                collected.setdefault(leaf, Counter()).update(ways)
        elif isinstance(event, Step):
            found.append(_state(collected, texts))
    return [*found, _state(collected, texts)]


def _state(collected: dict[Tensor, Counter[Loss]], texts: _Texts) -> Counter[object]:
    return Counter(
        (leaf.name, texts.of(leaf.site), _turns(leaf.turn), frozenset(ways.items()))
        for leaf, ways in collected.items()
        if (leaf.parameter or leaf.detached_from is None) and leaf.requires_grad is not False
    )


def _turns(turn: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(number for _, number in turn)


def _given(trace: Trace, event: Backward, texts: _Texts) -> Iterable[tuple[Tensor, Counter[Loss]]]:
    """The ways that one walk adds to each leaf, by the losses that they come from."""
    passed = _passed(event.gradient, len(event.roots))
    for start, gradient in zip(event.starts, passed, strict=False):
        boundary = gradient.grad_of if isinstance(gradient, Tensor) else None
        if boundary is None:
            for node in _losses(start):
                loss = _loss(node, texts)
                for leaf, count in _ways(node).items():
                    yield leaf, Counter({loss: count})
        elif start is not None:
            sent = _losses_at(trace, event, boundary, texts)
            for leaf, count in _ways(start).items():
                yield leaf, Counter({loss: before * count for loss, before in sent.items()})


def _passed(gradient: Value | None, count: int) -> list[Value | None]:
    if isinstance(gradient, Sequence):
        return [*gradient.items, *[None] * (count - len(gradient.items))]
    return [gradient] * count


def _losses_at(trace: Trace, event: Backward, boundary: Tensor, texts: _Texts) -> Counter[Loss]:
    collected: Counter[Loss] = Counter()
    for earlier in trace.of(Backward):
        if earlier.index < event.index and boundary in earlier.walk.leaves and earlier.api != "autograd.grad":
            for leaf, ways in _given(trace, earlier, texts):
                if leaf is boundary:
                    collected.update(ways)
    return collected


def _losses(start: Node | Tensor | None) -> Iterable[Node | Tensor]:
    """The losses that a root added up when it was walked."""
    waiting = [start] if start is not None else []
    while waiting:
        item = waiting.pop()
        if isinstance(item, Node) and item.op in _LINEAR:
            waiting.extend(target for target, _ in item.inputs)
        else:
            yield item


def _ways(start: Node | Tensor) -> dict[Tensor, int]:
    """How many ways lead from a start to each leaf."""
    visited = walk([(start, Level.CERTAIN)])
    counts: Counter[Node | Tensor] = Counter({start: 1})
    for node in visited.in_engine_order():
        for target, _ in node.inputs:
            counts[target] += counts[node]
    return {leaf: counts[leaf] for leaf in visited.leaves}


def _loss(item: Node | Tensor, texts: _Texts) -> Loss:
    if isinstance(item, Node):
        return item.op, texts.of(item.site), _turns(item.turn)
    return item.name, texts.of(item.site), _turns(item.turn)
