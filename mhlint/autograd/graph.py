"""The graph that autograd builds: nodes, what they keep, versions of storage, and what one walk visits.

Every fact has a `Level`: how sure the machine is of it. A chain of facts is as sure as its weakest link.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mhlint.autograd.values import Tensor, Value
    from mhlint.syntax.program import Site


class Level(IntEnum):
    """How sure a fact is. `GUESS` stands for two outputs of one unseen call: enough to advise, never to alarm."""

    NO = 0
    MAYBE = 1
    GUESS = 2
    LIKELY = 3
    CERTAIN = 4


Turn = tuple[tuple[int, int], ...]
"""The enclosing loops, outermost first: (activation of the loop, which turn of it)."""


@dataclass(frozen=True, slots=True)
class Change:
    """A write into a storage: where, by what, how sure, and whether the version counter saw it."""

    site: Site
    what: str
    level: Level
    seen: bool = True
    by_step: bool = False


@dataclass(eq=False, slots=True, repr=False)
class Storage:
    """The memory that a tensor and its views share; its version is the number of counted writes.

    `viewed` says that some tensor over it is a view, `grown` that something with a graph was then written into one of
    them: the others have that graph now, too.
    """

    changes: list[Change] = field(default_factory=list)
    unseen: list[Change] = field(default_factory=list)
    viewed: bool = False
    grown: bool = False

    def write(self, change: Change) -> None:
        """Record a write; only those the version counter sees make a saved copy stale (FACTS F37)."""
        (self.changes if change.seen else self.unseen).append(change)


@dataclass(frozen=True, slots=True)
class Saved:
    """A tensor that a node keeps for its walk, at the version it had then."""

    storage: Storage
    version: int
    unseen: int
    label: str
    level: Level

    def stale(self) -> tuple[Change, Level] | None:
        """The surest counted write since the tensor was saved, if any."""
        return self._surest(self.storage.changes[self.version :])

    def silently_stale(self) -> tuple[Change, Level] | None:
        """The surest write since then that the version counter did not see."""
        return self._surest(self.storage.unseen[self.unseen :])

    def _surest(self, changes: list[Change]) -> tuple[Change, Level] | None:
        best = max(changes, key=lambda change: change.level, default=None)
        return None if best is None else (best, min(best.level, self.level))


@dataclass(eq=False, slots=True, repr=False)
class Node:
    """One node of the graph. Different outputs of one operation are one node (FACTS F25).

    `keeps` says whether a second walk over the node raises; `sure` whether the node exists at all; `inputs` are
    the nodes and leaves it leads to; `region` names a compiled, checkpointed or distributed region it stands for;
    `copies` says that what it keeps are copies, which no later write reaches; what a reentrant checkpoint runs again in
    a walk of its own was made after the serial `inside`; a `whole` one stands for all operations of an unseen module;
    `origin` is the result of an unseen call that its result is or is part of.
    """

    op: str
    site: Site
    turn: Turn
    sequence: int
    keeps: Level
    sure: Level
    inputs: list[tuple[Node | Tensor, Level]]
    saved: list[Saved] = field(default_factory=list)
    region: str = ""
    copies: bool = False
    inside: int = 0
    whole: bool = False
    origin: Value | None = None
    freed_by: int = -1
    freed_level: Level = Level.NO


@dataclass(frozen=True, slots=True)
class Walk:
    """What one run of the backward engine visits: nodes and leaves, each with how sure that is."""

    nodes: dict[Node, Level]
    leaves: dict[Tensor, Level]

    def in_engine_order(self) -> list[Node]:
        """The nodes as the engine runs them: the one made last goes first."""
        return sorted(self.nodes, key=lambda node: -node.sequence)


def walk(
    roots: Iterable[tuple[Node | Tensor, Level]],
    inputs: Iterable[tuple[Node | Tensor, Level]] | None = None,
    *,
    through_inputs: bool = False,
) -> Walk:
    """The nodes and leaves that a walk from `roots` visits; with `inputs`, only those on the way to them.

    `through_inputs` also visits the own node of a non-leaf input, as `backward(inputs=[z])` does and
    `autograd.grad(loss, z)` does not (FACTS F21, F23).
    """
    nodes: dict[Node, Level] = {}
    leaves: dict[Tensor, Level] = {}
    heap: list[tuple[int, int, Node]] = []

    def reach(target: Node | Tensor, level: Level) -> None:
        if isinstance(target, Node):
            level = min(level, target.sure)
            known = nodes.get(target)
            if known is None:
                heapq.heappush(heap, (-target.sequence, id(target), target))
            if known is None or level > known:
                nodes[target] = level
        elif level > leaves.get(target, Level.NO):
            leaves[target] = level

    for root, level in roots:
        reach(root, level)
    while heap:
        node = heapq.heappop(heap)[2]
        for target, edge in node.inputs:
            reach(target, min(nodes[node], edge))
    if inputs is None:
        return Walk(nodes, leaves)
    return _narrowed(nodes, leaves, list(inputs), through_inputs)


def _narrowed(
    nodes: dict[Node, Level],
    leaves: dict[Tensor, Level],
    targets: list[tuple[Node | Tensor, Level]],
    through_inputs: bool,
) -> Walk:
    wanted: dict[Node | Tensor, Level] = dict(targets)
    leads: dict[Node, Level] = {}
    for node in sorted(nodes, key=lambda node: node.sequence):
        best = Level.NO
        for target, edge in node.inputs:
            onward = max(wanted.get(target, Level.NO), leads.get(target, Level.NO) if isinstance(target, Node) else 0)
            best = max(best, min(edge, Level(onward)))
        if best is Level.NO and through_inputs and node in wanted:
            best = wanted[node]
        if best:
            leads[node] = best
    return Walk(
        {node: min(nodes[node], level) for node, level in leads.items()},
        {leaf: level for leaf, level in leaves.items() if leaf in wanted},
    )
