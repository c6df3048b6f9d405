"""Where the losses can be cut from what they share: the tensors, with their names, through which all of them lead."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Backward, Event, ModuleCall, Unseen
from mhlint.autograd.values import Tensor, Unknown, Value, tensors_in
from mhlint.rewrites.groups import Group, Step
from mhlint.rewrites.kept_at import reads
from mhlint.rewrites.layout import CannotEdit
from mhlint.rewrites.scene import probed_name


def values(group: Group) -> dict[str, Value]:
    """What the probed names held when the group's step began."""
    return {name: event.given[1] for event, name in _asked_for(group)}


def reached_at(step: Step, group: Group, start: int) -> Unseen | None:
    """The probe in front of a statement of the step's block; None where it did not run."""
    place = step.block[start]
    found = [
        event
        for event, _ in _asked_for(group)
        if (event.site.node.lineno, event.site.node.col_offset) == (place.lineno, place.col_offset)  # type: ignore[attr-defined]
    ]
    return found[-1] if found else None


def _asked_for(group: Group) -> Iterator[tuple[Unseen, str]]:
    for event in _before(group):
        if isinstance(event, Unseen) and (name := probed_name(event)) is not None:
            yield event, name


def _before(group: Group) -> Iterator[Event]:
    """What happened before the first walk, in the same turns of the loops around it."""
    turn = group.walks[0].turn
    for event in group.trace.events[: group.walks[0].index]:
        if turn[: len(event.turn)] == event.turn:
            yield event


def node_at(tensor: Tensor, serial: int) -> Node | None:
    """The node that a tensor came from before what changed it in place later."""
    node: Node | Tensor | None = tensor.node
    while isinstance(node, Node) and node.sequence > serial:
        node = node.inputs[0][0] if node.inputs else None
    return node if isinstance(node, Node) else None


def cut(step: Step, group: Group, start: int, starts: dict[str, int]) -> dict[str, list[Tensor]]:
    """The names, with those of their tensors that are used, to be cut in front of a statement; none if there are none.

    Whatever is made later than that meets what was there, and leads to what the walks share, in these tensors alone.
    """
    event = reached_at(step, group, start)
    if event is None:
        return {}
    frontier = _frontier(group, event.serial)
    read = _from(step, start)
    found: dict[str, list[Tensor]] = {}
    met: set[Node | None] = set()
    for name, value in values(group).items():
        if starts[name] <= start and reads(read, name):
            nodes = [(tensor, node_at(tensor, event.serial)) for tensor in tensors_in(value) if not tensor.parts]
            reached = [tensor for tensor, node in nodes if node in frontier]
            met |= {node for _, node in nodes if node in frontier}
            found |= {name: reached} if reached else {}
    # What has one element is a loss that is walked again later: a sum takes it in as it is.
    is_loss = any(tensor.elements == 1 for reached in found.values() for tensor in reached)
    return found if met == frontier and not is_loss else {}


def require_no_gradient_below(group: Group, serial: int) -> None:
    """Raises CannotEdit where a gradient is asked for that leads on below the cut, or may be by code that is not seen.

    One with respect to the boundary itself is the same there, unless it comes by way of another part of it.
    """
    leaves = {leaf for walk in group.walks for leaf in walk.walk.leaves if leaf.requires_grad and not leaf.parameter}
    for event in group.trace.events[: group.walks[-1].index]:
        if event.serial > serial and leaves & _given_to_unseen(event):
            text = event.site.program.source.line(event.site.row)
            raise CannotEdit(f"code that is not seen could take a gradient below the boundary ({text})")
        if isinstance(event, Backward) and event not in group.walks and event.inputs is not None:
            inputs = {node_at(tensor, serial) for tensor in event.inputs}
            older = {node for node in event.walk.nodes if node.sequence <= serial}
            if event.serial > serial and older - inputs:
                raise CannotEdit(
                    f"a gradient is taken below the boundary ({event.site.program.source.line(event.site.row)})"
                )


def _given_to_unseen(event: Event) -> set[Tensor]:
    """The tensors that a call which is not seen was given."""
    if isinstance(event, ModuleCall) and isinstance(event.module, Unknown):
        return {tensor for tensor, _ in event.inputs}
    if isinstance(event, Unseen) and probed_name(event) is None:
        return {tensor for value in event.given for tensor in tensors_in(value)}
    return set()


def _from(step: Step, start: int) -> tuple[ast.stmt, ...]:
    """The statements of the step's block from one on, to the last walk."""
    end = next(i for i, item in enumerate(step.block) if item is step.statements[-1])
    return step.block[start : end + 1]


def _frontier(group: Group, serial: int) -> set[Node]:
    """The nodes of what the walks share that nodes made later than `serial` lead to; none where that is no cut."""
    shared = group.shared
    roots = [root.node for walk in group.walks for root in walk.roots if root.node is not None]
    if any(node.sequence > serial for node in shared) or any(node.sequence <= serial for node in roots):
        return set()
    entered = {target for walk in group.walks for target in _entered(walk, serial)}
    return {node for node in entered if node in shared or reaches(node, shared)}


def _entered(walk: Backward, serial: int) -> set[Node]:
    """What a walk comes to by nodes made later than `serial`, and was made before."""
    return {
        target
        for node in walk.walk.nodes
        if node.sequence > serial
        for target, _ in node.inputs
        if isinstance(target, Node) and target.sequence <= serial
    }


def outputs_of_heads(group: Group, serial: int) -> set[Node]:
    """The nodes of a cut to which one walk alone comes, by which parameters that no other walk shares are reached."""
    counts = Counter(node for walk in group.walks for node in _entered(walk, serial))
    shared = group.shared
    return {node for node in _frontier(group, serial) if counts[node] == 1 and _has_own_parameters(node, shared)}


def heads_in_turn(group: Group, serial: int) -> bool:
    """Is all that a walk needs of its own, above the cut, made behind the walk before it?"""
    shared = group.shared
    return all(
        node.sequence > earlier.serial or node.sequence <= serial
        for earlier, later in zip(group.walks, group.walks[1:], strict=False)
        for node in later.walk.nodes
        if node.keeps > Level.NO and node not in shared
    )


def _has_own_parameters(start: Node, shared: set[Node]) -> bool:
    waiting, seen = [start], {start, *shared}
    while waiting and start not in shared:
        for target, _ in waiting.pop().inputs:
            if isinstance(target, Tensor):
                if target.parameter:
                    return True
            elif isinstance(target, Node) and target not in seen:
                seen.add(target)
                waiting.append(target)
    return False


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


