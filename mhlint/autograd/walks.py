"""One run of the backward engine: what it visits, why it raises, what it frees and fills."""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd import gradients, holders, tensors
from mhlint.autograd.conditions import decide
from mhlint.autograd.frames import ProgramRaises
from mhlint.autograd.graph import Change, Level, Node, Saved, Walk, walk
from mhlint.autograd.iteration import Generator, drain
from mhlint.autograd.machine import Machine
from mhlint.autograd.told import told_at
from mhlint.autograd.trace import Backward, Failure
from mhlint.autograd.values import (
    NONE,
    Const,
    MissingGradient,
    Sequence,
    Tensor,
    Unknown,
    Value,
    is_none,
    tensors_in,
)
from mhlint.syntax.program import Site


def backward(
    machine: Machine,
    roots: Value,
    site: Site | None,
    *,
    api: str,
    retain: Value | None = None,
    create: Value | None = None,
    gradient: Value | None = None,
    inputs: Value | None = None,
    level: Level = Level.CERTAIN,
) -> Value:
    """`backward()` in any of its forms: fills `.grad` of the leaves it reaches."""
    event = _run(machine, roots, site, api, retain, create, gradient, inputs, level, through=True)
    for leaf, sure in event.walk.leaves.items():
        if leaf.requires_grad is not False:
            gradients.accumulate(leaf, event.index, sure if leaf.requires_grad else min(sure, Level.MAYBE))
    for root in event.roots:
        if root.node is None and root.requires_grad:
            gradients.accumulate(root, event.index, Level.CERTAIN)
    for leaf, sure in event.walk.leaves.items():
        after = leaf.attributes.get("<after>")
        if isinstance(after, Sequence) and sure >= Level.LIKELY:
            # An optimizer that steps inside of the walk, one parameter at a time (FACTS F66).
            for hook in after.items:
                machine.call(machine, hook, [leaf], {}, site)
    return NONE


def grad(
    machine: Machine,
    roots: Value,
    inputs: Value,
    site: Site | None,
    *,
    retain: Value | None = None,
    create: Value | None = None,
    gradient: Value | None = None,
    level: Level = Level.CERTAIN,
) -> Value:
    """`autograd.grad(roots, inputs)`: walks only towards the inputs, fills no `.grad` (FACTS F21)."""
    event = _run(machine, roots, site, "autograd.grad", retain, create, gradient, inputs, level, through=False)
    wanted: list[Tensor] = []
    for item in inputs.items if isinstance(inputs, Sequence) else [inputs]:
        # What is not known may be made of much, and each gradient of it would be one thing more to be made of.
        wanted += tensors_in(item)[: _MOST_OF_UNKNOWN if isinstance(item, Unknown) else None]
    results: list[Value] = []
    found: list[Tensor | None] = [*wanted] or [None]
    for tensor in found:
        if event.creates_graph:
            made = gradients.with_graph(machine, event, site)
        else:
            made = tensors.leaf(machine, site)
        made.grad_of, made.elements = tensor, tensor.elements if tensor is not None else None
        results.append(made)
    exact = not isinstance(inputs, Sequence) or inputs.exact
    return Sequence(results, "tuple", exact=exact and bool(wanted))


_MOST_OF_UNKNOWN = 8


def _run(
    machine: Machine,
    roots: Value,
    site: Site | None,
    api: str,
    retain: Value | None,
    create: Value | None,
    gradient: Value | None,
    inputs: Value | None,
    level: Level,
    *,
    through: bool,
) -> Backward:
    where = tensors.site_of(machine, site)
    found = _tensors(machine, roots, site)
    creates = bool(_flag(machine, create, "create_graph", where))
    explicit = retain is not None and not is_none(retain)
    retains = _flag(machine, retain, "retain_graph", where) if explicit else creates
    starts = [(graph[0], min(graph[1], level)) for graph in (root.graph() for root in found) if graph is not None]
    targets = None if inputs is None or is_none(inputs) else _targets(machine, inputs, site)
    visited = walk(starts, targets, through_inputs=through)
    sends = _sent(gradient)
    wanted = [] if through or inputs is None else inputs.items if isinstance(inputs, Sequence) else [inputs]
    failure = _failure(machine, found, visited, gradient, level, roots, wanted=wanted)
    caught = failure is not None and _expects_error(machine)
    event = machine.emit(
        Backward, where, api=api, roots=tuple(found), walk=visited, retains=retains,
        starts=tuple(graph[0] if (graph := root.graph()) is not None else None for root in found),
        explicit_retain=bool(explicit and retains), told=told_at(machine, where) if explicit and retains else None,
        creates_graph=creates, gradient=gradient, sends=sends,
        sent_walks=tuple(sends.gradient.walks) if sends is not None else (),
        inputs=None if targets is None else tuple(tensors_in(inputs)), failure=failure, caught=caught,
        silent_changes=tuple(_silent_changes(visited)),
        let_go=holders.let_go(machine, visited, where) if explicit and retains and not creates else None,
    )  # fmt: skip
    machine.retained |= event.explicit_retain
    if failure is not None and failure.level >= Level.LIKELY and not machine.going_on:
        if failure.node is not None and not retains:
            # Not atomic: what the engine ran before the node that raised is freed (FACTS F24).
            done = (node for node in visited.nodes if node.sequence > failure.node.sequence)
            _free(event, ((node, visited.nodes[node]) for node in done))
        raise ProgramRaises("RuntimeError", event)
    if not retains:
        _free(event, visited.nodes.items())
    return event


def _free(event: Backward, visited: Iterable[tuple[Node, Level]]) -> None:
    for node, sure in visited:
        freed = sure if event.retains is False else min(sure, Level.MAYBE)
        if freed > node.freed_level:
            node.freed_by, node.freed_level = event.index, freed


def _tensors(machine: Machine, roots: Value, site: Site | None) -> list[Tensor]:
    if isinstance(roots, Generator):
        roots = Sequence(drain(machine, roots))
    values = roots.items if isinstance(roots, Sequence) else [roots]
    found = (tensors.as_tensor(machine, value, site) for value in values)
    return [tensor for tensor in found if tensor is not None]


def _targets(machine: Machine, inputs: Value, site: Site | None) -> list[tuple[Node | Tensor, Level]]:
    targets: list[tuple[Node | Tensor, Level]] = []
    for tensor in _all_tensors(machine, inputs, site):
        graph = tensor.graph()
        targets.append(graph if graph is not None else (tensor, Level.CERTAIN))
    return targets


def _all_tensors(machine: Machine, value: Value, site: Site | None) -> list[Tensor]:
    if isinstance(value, Unknown):
        made = tensors.as_tensor(machine, value, site)
        return [made] if made is not None else []
    if isinstance(value, Generator):
        value = Sequence(drain(machine, value))
    if isinstance(value, Sequence):
        return [tensor for item in value.items for tensor in _all_tensors(machine, item, site)]
    return tensors_in(value)


def _flag(machine: Machine, value: Value | None, name: str, site: Site) -> bool | None:
    if value is None or is_none(value):
        return False
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Unknown) and "<uncertain>" in value.attributes:
        return None
    if name == "retain_graph" and isinstance(value, Unknown) and value.position is not None:
        # `retain_graph=i < n - 1` in a loop whose length is not known: taken to be right.
        return value.position == 1
    label = getattr(value, "label", "") or name
    return decide(machine, value, label, site)


def _sent(gradient: Value | None) -> Tensor | None:
    values = gradient.items if isinstance(gradient, Sequence) else [gradient]
    return next((value.grad_of for value in values if isinstance(value, Tensor) and value.grad_of is not None), None)


def _failure(
    machine: Machine,
    roots: list[Tensor],
    visited: Walk,
    gradient: Value | None,
    level: Level,
    given: Value,
    *,
    wanted: list[Value],
) -> Failure | None:
    no_graph = [root for root in roots if root.graph() is None]
    # One root without a graph is enough (FACTS F26); a list that is not wholly known may hold other roots.
    all_known = len(no_graph) == len(roots) or (isinstance(given, Sequence) and given.exact)
    if no_graph and all_known and level is Level.CERTAIN:
        return Failure("no-graph", Level.CERTAIN, tensor=no_graph[0])
    for asked in wanted:
        if isinstance(asked, Tensor) and asked.graph() is None:
            # "One of the differentiated Tensors does not require grad"
            return Failure("no-graph", min(level, Level.LIKELY if asked.unseen_call else level), tensor=asked)
    passed = gradient.items if isinstance(gradient, Sequence) else [gradient] * len(roots)
    for root, sent in zip(roots, passed, strict=False):
        if sent is not None and not is_none(sent):
            continue
        start = root.graph()
        sure = min(start[1] if start is not None else Level.NO, level)
        if root.elements in (2, 3) and sure >= Level.LIKELY:
            sure = sure if root.elements == 2 else Level.LIKELY
            kind = "no-gradient" if isinstance(sent, MissingGradient) else "non-scalar"
            tensor = sent.tensor if isinstance(sent, MissingGradient) else root
            return Failure(kind, sure, tensor=tensor)
        if isinstance(sent, MissingGradient) and sure >= Level.LIKELY:
            return Failure("no-gradient", Level.LIKELY, tensor=sent.tensor)
    return _engine_failure(machine, visited)


def would_raise(machine: Machine, tensor: Tensor) -> bool:
    """Would a walk from a tensor meet, in all likelihood, what was changed in place since it was saved, or freed?"""
    start = tensor.graph()
    failure = None if start is None else _engine_failure(machine, walk([start]))
    return failure is not None and failure.level >= Level.LIKELY


def _engine_failure(machine: Machine, visited: Walk) -> Failure | None:
    """The first node, in the engine's order, that was freed or whose saved tensors changed (FACTS F28)."""
    for node in visited.in_engine_order():
        reach = visited.nodes[node]
        if reach < Level.LIKELY:
            continue
        freed = min(reach, node.freed_level, node.keeps)
        if freed >= Level.LIKELY:
            earlier = machine.trace.events[node.freed_by]
            assert isinstance(earlier, Backward)
            return Failure("freed", freed, node, earlier)
        best: Failure | None = None
        for saved in node.saved:
            stale = saved.stale()
            if stale is None:
                continue
            sure = min(stale[1], reach)
            if sure >= Level.LIKELY and (best is None or sure > best.level):
                best = Failure("version", sure, node, saved=saved, change=stale[0])
        if best is not None:
            return best
    return None


def _silent_changes(visited: Walk) -> Iterable[tuple[Node, Saved, Change, Level]]:
    for node, reach in visited.nodes.items():
        for saved in node.saved:
            stale = saved.silently_stale()
            if stale is not None and min(stale[1], reach) >= Level.LIKELY:
                yield node, saved, stale[0], min(stale[1], reach)


def _expects_error(machine: Machine) -> bool:
    """Is the error awaited: by `except RuntimeError` in the same function, or by `pytest.raises`?"""
    for _, kind, _ in reversed(machine.catching):
        if kind == "explicit":
            return True
        if kind == "any":
            return False
    return False
