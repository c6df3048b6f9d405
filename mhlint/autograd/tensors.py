"""Making tensors: the node an operation leaves, what it keeps, views, in-place changes, cuts."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence as Many
from typing import NamedTuple

from mhlint.autograd.frames import ProgramRaises
from mhlint.autograd.graph import Change, Level, Node, Saved, Storage
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Detach, InPlaceFailure, Shown, Write
from mhlint.autograd.values import ORIGIN, PLAIN, Key, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site


def site_of(machine: Machine, site: Site | None) -> Site:
    """A place for an operation: the given one, or that of the running statement."""
    if site is not None:
        return site
    assert machine.current is not None
    return machine.current


def show(machine: Machine, values: Iterable[Value], site: Site | None) -> None:
    """Something looks at what tensors are: their place in the graph, or their text, which tells it."""
    for value in values:
        for tensor in tensors_in(value):
            machine.emit(Shown, site_of(machine, site), tensor=tensor)


def leaf(machine: Machine, site: Site | None, *, requires_grad: bool | None = False, name: str = "") -> Tensor:
    """A fresh leaf, made here."""
    return Tensor(requires_grad=requires_grad, site=site_of(machine, site), turn=machine.turn, name=name)


_BASE = "<base>"
"""The tensor that a view shows, under its attributes."""
_RESHAPING = frozenset("as_strided_ squeeze_ unsqueeze_ t_ transpose_ swapaxes_ swapdims_".split())
"""What changes a tensor's shape in place and writes nothing into its memory."""


def as_tensor(machine: Machine, value: Value, site: Site | None = None) -> Tensor | None:
    """A value as a tensor; an unknown one may have a graph, and has one if any of its `deps` has."""
    if isinstance(value, Tensor):
        return value
    if not isinstance(value, Unknown):
        return None
    known = value.attributes.get("<tensor>")
    if isinstance(known, Tensor):
        return known
    if PLAIN in value.attributes:
        return None
    if value.deps:
        tensor = make(machine, value.label or "unseen", list(value.deps), Level.MAYBE, site, edges=Level.MAYBE)
        if tensor.node is not None:
            tensor.node.origin = value.attributes.get(ORIGIN)
        elif machine.grad_enabled is not False:
            tensor.requires_grad = None  # what was not seen may have parameters of its own
    else:
        tensor = leaf(machine, site, requires_grad=False if value.data else None, name=value.label)
        tensor.turn = value.turn
        for name in ("<computed>", ORIGIN):
            if name in value.attributes:
                tensor.attributes[name] = value.attributes[name]
    tensor.unseen_call = True
    value.attributes["<tensor>"] = tensor
    return tensor


def ask_for_gradients(machine: Machine, value: Unknown, site: Site | None) -> None:
    """What is asked to require grad is a tensor: a leaf from then on, unless it has a graph."""
    tensor = as_tensor(machine, value, site)
    if tensor is not None and tensor.node is None:
        tensor.requires_grad = True
        value.deps = (*value.deps, tensor)
        machine.effects += 1


def make(
    machine: Machine,
    op: str,
    inputs: Many[Tensor],
    keeps: Level,
    site: Site | None,
    *,
    saved: Many[tuple[Tensor, str, Level]] = (),
    edges: Level = Level.CERTAIN,
    elements: int | None = None,
) -> Tensor:
    """The result of an operation on tensors, with the node that it leaves if gradients are on."""
    where = site_of(machine, site)
    result = Tensor(site=where, turn=machine.turn, elements=elements)
    node = node_for(machine, op, inputs, keeps, where, edges)
    if node is None:
        result.requires_grad = None if any(t.node is None and t.requires_grad is None for t in inputs) else False
        if machine.grad_enabled is False:
            result.requires_grad = False
        return result
    result.node, result.requires_grad = node, None
    for tensor, label, level in saved:
        keep(node, tensor, label, level)
    return result


def node_for(
    machine: Machine, op: str, inputs: Many[Tensor], keeps: Level, site: Site, edges: Level = Level.CERTAIN
) -> Node | None:
    """The node of an operation, or None when surely no graph is built."""
    if machine.grad_enabled is False:
        return None
    found: list[tuple[Node | Tensor, Level]] = []
    sure = Level.NO
    for tensor in inputs:
        graph = tensor.graph()
        if graph is not None:
            target, level = graph
            found.append((target, edges if isinstance(target, Node) else min(edges, level)))
            sure = max(sure, min(level, edges))
    if not found:
        return None
    if machine.grad_enabled is None:
        sure = min(sure, Level.MAYBE)
    return machine.node(op, site, found, keeps, sure)


class Version(NamedTuple):
    """How often a memory had been written at some time: in ways that torch counts, and in others."""

    storage: Storage
    changes: int
    unseen: int


def version_of(tensor: Tensor) -> Version:
    """The present version of a tensor's memory."""
    return Version(tensor.storage, len(tensor.storage.changes), len(tensor.storage.unseen))


def keep(
    node: Node, tensor: Tensor, label: str, level: Level = Level.CERTAIN, before: Version | None = None
) -> None:
    """Let a node keep a tensor at its present version, or as it was `before` an operation wrote this memory."""
    if node.copies:
        return
    kept = before if before is not None and before.storage is tensor.storage else version_of(tensor)
    node.saved.append(Saved(kept.storage, kept.changes, kept.unseen, label, level))


def view(machine: Machine, tensor: Tensor, op: str, site: Site | None) -> Tensor:
    """A view: its own node, which keeps nothing, over the same memory (FACTS F04)."""
    result = make(machine, op, [tensor], Level.NO, site)
    share_memory(result, tensor)
    result.name = ""
    return result


def share_memory(result: Tensor, tensor: Tensor) -> None:
    """Make a result a view. One made without gradients has no graph, and requires grad if its base does."""
    result.storage = tensor.storage
    if result.node is not None or tensor.graph() is None:
        result.attributes[_BASE] = tensor.attributes.get(_BASE, tensor)
    result.storage.viewed = True
    if result.node is None and tensor.graph() is not None:
        result.requires_grad = None


def alias(tensor: Tensor) -> Tensor:
    """Another output of the same node."""
    return Tensor(
        storage=Storage(), node=tensor.node, requires_grad=tensor.requires_grad, site=tensor.site,
        turn=tensor.turn, elements=tensor.elements, unseen_call=tensor.unseen_call,
    )  # fmt: skip


def copy_of(tensor: Tensor) -> Tensor:
    """The same values and the same graph in other memory."""
    made = alias(tensor)
    made.shape, made.name, made.detached_from = tensor.shape, tensor.name, tensor.detached_from
    made.grad_of, made.integral = tensor.grad_of, tensor.integral
    return made


def part_of(machine: Machine, whole: Tensor, key: Key, site: Site | None) -> Tensor:
    """One of the outputs of a call. Whether two outputs of an unseen call share a graph is a guess (`Level`)."""
    part = whole.parts.get(key)
    if part is None:
        part = Tensor(site=whole.site or site, turn=whole.turn, requires_grad=whole.requires_grad, unseen_call=True)
        part.parts_level = whole.parts_level
        if whole.node is not None:
            node = whole.node
            part.node = node
            if whole.parts_level is not Level.CERTAIN:
                part.node = machine.node(node.op, node.site, [(node, whole.parts_level)], node.keeps, node.sure)
                part.node.turn, part.node.region = node.turn, node.region
        whole.parts[key] = part
    return part


def detach(machine: Machine, tensor: Tensor, site: Site | None, *, counted: bool = True) -> Tensor:
    """A cut: the same memory, no graph. `.data` also has a version counter of its own (FACTS F39)."""
    result = leaf(machine, site)
    result.storage = tensor.storage if counted else Storage()
    result.elements, result.shape, result.detached_from = tensor.elements, tensor.shape, tensor
    result.integral, result.grad_of = tensor.integral, tensor.grad_of
    if not counted:
        result.attributes["<memory>"] = tensor
    machine.emit(Detach, site_of(machine, site), tensor=tensor, result=result)
    return result


def write(
    machine: Machine,
    tensor: Tensor,
    what: str,
    site: Site | None,
    *,
    seen: bool = True,
    level: Level = Level.CERTAIN,
) -> None:
    """Change a tensor's memory; a write through `.data` is not counted on the tensor itself (FACTS F37)."""
    where = site_of(machine, site)
    if tensor.parameter and Level.NO < tensor.gradient.level < level and _in_own_optimizer(machine):
        # It passes over parameters without a gradient, as torch's own do (FACTS F34).
        level = tensor.gradient.level
    change = Change(where, what, level, seen)
    tensor.storage.write(change)
    machine.emit(Write, where, tensor=tensor, change=change)
    memory = tensor.attributes.get("<memory>")
    if isinstance(memory, Tensor):
        memory.storage.write(Change(where, what, level, False))


def _in_own_optimizer(machine: Machine) -> bool:
    owners = (function.owner for function in machine.active if function.owner is not None)
    return any(base.startswith("torch.optim.") for owner in owners for base in owner.library_bases())


def in_place(
    machine: Machine,
    tensor: Tensor,
    op: str,
    others: Many[Tensor],
    keeps: Level,
    site: Site | None,
    saved: Many[tuple[Tensor, str, Level]] = (),
    level: Level = Level.CERTAIN,
) -> Tensor:
    """An in-place operation: a write, and a new node on top of the tensor's old one."""
    where = site_of(machine, site)
    if _may_have_been_replaced(machine, tensor):
        level = min(level, Level.MAYBE)
    if tensor.node is None and tensor.requires_grad and machine.grad_enabled:
        machine.emit(InPlaceFailure, where, tensor=tensor, text="a leaf Variable that requires grad")
        if level is Level.CERTAIN and not machine.going_on:
            raise ProgramRaises("RuntimeError")
    before = version_of(tensor)
    write(machine, tensor, op, site, level=level)
    node = node_for(machine, op, [tensor, *others], keeps, where)
    if node is not None:
        for kept, label, sure in saved:
            keep(node, kept, label, sure, before)
        tensor.node = node
        tensor.storage.grown = tensor.storage.viewed
        if tensor.requires_grad is False:
            tensor.requires_grad = None
        _hand_to_base(machine, tensor, node, min(node.sure, level), where)
    return tensor


def _hand_to_base(machine: Machine, view: Tensor, node: Node, sure: Level, where: Site) -> None:
    """What is written into a view becomes part of its base's graph, by a node that raises on a second walk."""
    base = view.attributes.get(_BASE)
    if not isinstance(base, Tensor) or base.storage is not view.storage:
        return
    if node.op.rpartition(".")[2] in _RESHAPING:
        return
    old = base.graph()
    edges: list[tuple[Node | Tensor, Level]] = [(node, Level.CERTAIN)] if old is None else [old, (node, Level.CERTAIN)]
    base.node = machine.node("part", where, edges, Level.CERTAIN, sure)
    if base.requires_grad is False:
        base.requires_grad = None
    view.node = machine.node("view", where, [(base.node, Level.CERTAIN)], Level.NO, sure)


def _may_have_been_replaced(machine: Machine, tensor: Tensor) -> bool:
    """Is a tensor carried over turns of a loop that were not run, where layers may have made another of it?"""
    skipped = [turn for turn in machine.turn if turn in machine.after_skipped]
    return any(turn not in tensor.turn for turn in skipped)


