"""What an excerpt says before a line of it is written: which nodes show, what they start from, what has a name."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mhlint.autograd.graph import Level, Node, Storage
from mhlint.autograd.trace import Backward, Detach, Write
from mhlint.autograd.values import Tensor, is_none
from mhlint.proof import witness_operations as forms
from mhlint.proof.witness_excerpt import Excerpt

Target = Node | Tensor
"""What an operation works on: the result of another one, or a leaf."""


@dataclass(frozen=True)
class Reading:
    """An excerpt, looked at from all sides.

    `in_place` has the method of each operation that changes its first input; `owners` the nodes whose results
    live in a storage; `leaf_of` a leaf by its storage; `cuts` the detach that made a tensor, `cut_storages` the
    storages of cuts that need no gradient; `roots` what each walk starts from; `scalars` the roots that must be
    scalars (True) or must not (False); `seen_through` the nodes that only pass a value on, with what makes it;
    `uses` how often a value is read, and `named` the values that need a name of their own.
    """

    excerpt: Excerpt
    in_place: dict[Node, str]
    owners: dict[Storage, list[Node]]
    leaf_of: dict[Storage, Tensor]
    cuts: dict[Tensor, Detach]
    cut_storages: frozenset[Storage]
    roots: dict[Backward, list[Target]]
    scalars: dict[Target, bool]
    seen_through: dict[Target, Target]
    uses: Counter[Target]
    named: frozenset[Target]

    @property
    def written(self) -> dict[Storage, Tensor]:
        """The last tensor through which each storage is written that the excerpt writes to."""
        return {event.tensor.storage: event.tensor for event in self.excerpt.events if isinstance(event, Write)}

    def inputs(self, node: Node) -> list[Target]:
        """What a node works on, as far as the excerpt is sure of it."""
        return _inputs(self.excerpt, node)

    def users(self, node: Node) -> list[Node]:
        """The nodes that are written down and read this node's value."""
        return [
            other
            for other in self.excerpt.nodes
            if other not in self.seen_through and node in _shown_inputs(self.excerpt, self.seen_through, other)
        ]

    def made_below(self, node: Node, storage: Storage) -> bool:
        """Does a storage hold the result of one of the node's own inputs?"""
        below = {target for target in self.inputs(node) if isinstance(target, Node)}
        return any(owner in below for owner in self.owners.get(storage, ()))

    def changes_its_input(self, node: Node) -> bool:
        """Is the first input what the operation changes? Else a tensor without a graph took part."""
        first = self.inputs(node)[0]
        if not isinstance(first, Node):
            return False
        return any(node in nodes and first in nodes for nodes in self.owners.values())


def read(excerpt: Excerpt) -> Reading:
    """Look at an excerpt once, for all its versions alike."""
    in_place = in_place_nodes(excerpt)
    owners = _owners(excerpt, in_place)
    roots = {event: _roots(excerpt, event) for event in excerpt.events if isinstance(event, Backward)}
    cuts = {event.result: event for event in excerpt.events if isinstance(event, Detach)}
    scalars = _scalars(roots)
    seen_through = _seen_through(excerpt, in_place, scalars)
    return Reading(
        excerpt,
        in_place,
        owners,
        leaf_of={t.storage: t for node in excerpt.nodes for t, _ in node.inputs if isinstance(t, Tensor)},
        cuts=cuts,
        cut_storages=frozenset(
            event.result.storage for event in excerpt.trace.of(Detach) if event.result.requires_grad is False
        ),
        roots=roots,
        scalars=scalars,
        seen_through=seen_through,
        uses=Counter(
            target
            for node in excerpt.nodes
            if node not in seen_through
            for target in _shown_inputs(excerpt, seen_through, node)
        ),
        named=_named(excerpt, roots, cuts, owners, seen_through),
    )


def tensors(found: list[Target]) -> list[Tensor]:
    """The leaves among some targets."""
    return [one for one in found if isinstance(one, Tensor)]


def in_place_nodes(excerpt: Excerpt) -> dict[Node, str]:
    """The operations that change their first input, by their names or because that was seen; each with a method."""
    found = {node: method for node in excerpt.nodes if (method := forms.in_place_method(node))}
    written = {(event.site, event.turn) for event in excerpt.trace.of(Write)}
    for node in excerpt.nodes:
        if node not in found and (node.site, node.turn) in written and forms.works_in_place(node):
            found[node] = forms.method_in_place_of(node)
    return found


def _inputs(excerpt: Excerpt, node: Node) -> list[Target]:
    found: list[Target] = []
    for target, edge in node.inputs:
        if edge < excerpt.level or (isinstance(target, Node) and target.sure < excerpt.level):
            continue
        found.append(target)
    return found


def _shown_inputs(excerpt: Excerpt, seen_through: dict[Target, Target], node: Node) -> list[Target]:
    return [seen_through.get(target, target) for target in _inputs(excerpt, node)]


def _seen_through(excerpt: Excerpt, in_place: dict[Node, str], scalars: dict[Target, bool]) -> dict[Target, Target]:
    found: dict[Target, Target] = {}
    changed = {node.inputs[0][0] for node in in_place if node.inputs}
    for node in excerpt.nodes:
        inputs = _inputs(excerpt, node)
        if node in changed and forms.is_copy(node):
            # What is changed is the copy, not what it was made of.
            continue
        plain = not forms.keeps(node) and node not in in_place and forms.short(node.op) != "unary -"
        if len(inputs) == 1 and plain and node not in scalars and not forms.is_module(node, tensors(inputs)):
            found[node] = found.get(inputs[0], inputs[0])
    return found


def _roots(excerpt: Excerpt, event: Backward) -> list[Target]:
    walked = event.walk.nodes
    found: list[Target] = []
    for root in event.roots:
        if root.node is not None and walked.get(root.node, Level.NO) >= excerpt.level:
            found.append(root.node)
        elif root.node is None and root.requires_grad:
            found.append(root)
    if found or not walked:
        return found
    inner = {target for node in walked for target, _ in node.inputs}
    return [node for node in event.walk.in_engine_order() if node not in inner and walked[node] >= excerpt.level]


def _scalars(roots: dict[Backward, list[Target]]) -> dict[Target, bool]:
    wanted: dict[Target, bool] = {}
    for event, started in roots.items():
        failure = event.failure
        if failure is not None and failure.kind in ("non-scalar", "no-gradient"):
            wanted.update(dict.fromkeys(started, False))
        elif event.gradient is None or is_none(event.gradient):
            for root in started:
                wanted.setdefault(root, True)
    return wanted


def _named(
    excerpt: Excerpt,
    roots: dict[Backward, list[Target]],
    cuts: dict[Tensor, Detach],
    owners: dict[Storage, list[Node]],
    seen_through: dict[Target, Target],
) -> frozenset[Target]:
    written = {event.tensor.storage for event in excerpt.events if isinstance(event, Write)}
    named: set[Target] = {root for started in roots.values() for root in started}
    named |= {event.tensor.node for event in cuts.values() if event.tensor.node is not None}
    named |= {node for storage, nodes in owners.items() if storage in written for node in nodes}
    return frozenset(seen_through.get(node, node) for node in named)


def _owners(excerpt: Excerpt, in_place: dict[Node, str]) -> dict[Storage, list[Node]]:
    """The nodes whose results live in a storage that something looked at, first maker first."""
    found: dict[Storage, list[Node]] = {}
    nodes = set(excerpt.nodes)
    seen: list[Tensor] = []
    for event in excerpt.trace.events:
        if isinstance(event, (Write, Detach)):
            seen.append(event.tensor)
        elif isinstance(event, Backward):
            seen += event.roots
    for tensor in seen:
        node = tensor.node
        chain: list[Node] = []
        while node is not None and node not in chain:
            chain.append(node)
            below = node.inputs[0][0] if node.inputs and node in in_place else None
            node = below if isinstance(below, Node) else None
        kept = found.setdefault(tensor.storage, [])
        kept += [one for one in reversed(chain) if one in nodes and one not in kept]
    return {storage: kept for storage, kept in found.items() if kept}
