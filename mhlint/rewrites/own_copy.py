"""A head that works in place on the boundary is given a copy: the boundary is a leaf then, which nothing may change."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from mhlint.autograd.graph import Storage
from mhlint.autograd.trace import Detach, Event, Runs, Unseen, Write
from mhlint.autograd.values import Instance, Mapping, Module, Sequence, Tensor, Value
from mhlint.findings import Finding, Place
from mhlint.rewrites.groups import Group, Step, probed
from mhlint.rewrites.layout import CannotEdit, Layout, Loop
from mhlint.rewrites.names import loads, own
from mhlint.rewrites.observed import memory
from mhlint.rewrites.scene import Probe, Scene, probed_name, where

_MOST_VALUES = 2_000


@dataclass(frozen=True)
class OwnCopy:
    """Where a copy takes a boundary's place: in the one expression `read`, or from the statement `onward` on.

    `writes` are the places of the operations that then change the copy.
    """

    read: ast.expr | None
    onward: ast.stmt | None
    writes: frozenset[Place] = field(default=frozenset(), compare=False)

    def and_also(self, other: OwnCopy | None) -> OwnCopy:
        """This copy with the writes of the same one on another path."""
        return self if other is None else replace(self, writes=self.writes | other.writes)


def own_copy(
    scene: Scene, step: Step, finding: Finding, name: str, kind: str, writes: list[Write], start: int
) -> OwnCopy:
    """Where a copy is needed. Raises CannotEdit where more than the head sees the change."""
    layout = scene.layout
    region = _region(step, start)
    places = frozenset(event.site.place for event in writes)
    changing = {_statement(scene, region, event) for event in writes}
    if len(changing) != 1 or None in changing or len({event.turn for event in writes}) != 1:
        raise CannotEdit(f"`{name}` is changed in place more than once")
    statement = next(item for item in changing if item is not None)
    _require_no_loop(layout, region, statement, name)
    end = (statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
    elsewhere = _other_branches(layout, region, statement)
    later = [read for read in loads(region, name) if (read.lineno, read.col_offset) >= end and read not in elsewhere]
    _require_unread(layout, step, region, name)
    _require_unshared(scene, step, finding, name, statement)
    target = isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name)
    if not later and not (target and statement.target.id == name):  # type: ignore[attr-defined]
        return OwnCopy(_only_read(layout, statement, name, kind), None, places)
    if kind != "tensor" or not any(statement is item for item in region):
        raise CannotEdit(f"`{name}` is changed in place, and read behind that")
    return OwnCopy(None, statement, places)


def writes_into(group: Group, tensors: Iterable[Tensor], since: int) -> list[Write]:
    """The writes into some tensors' memory from an event on until the last walk."""
    storages = {tensor.storage for tensor in tensors}
    events = group.trace.events[since : group.walks[-1].index]
    return [event for event in events if isinstance(event, Write) and memory(event.tensor) & storages]


def leaves_are_changed(runs: Runs) -> bool:
    """Is a detached tensor that requires grad changed in place, or what shares its memory (FACTS F57)?"""
    for _, trace in runs.traces():
        cut: set[Storage] = set()
        for event in trace.events:
            if isinstance(event, Detach) and event.result.requires_grad and event.result.node is None:
                cut.add(event.result.storage)
            elif isinstance(event, Write) and memory(event.tensor) & cut:
                return True
    return False


def _region(step: Step, start: int) -> tuple[ast.stmt, ...]:
    end = next(i for i, item in enumerate(step.block) if item is step.statements[-1])
    return step.block[start : end + 1]


def _statement(scene: Scene, region: tuple[ast.stmt, ...], event: Event) -> ast.stmt | None:
    """The innermost statement of the region during which something happened."""
    inside = {node for item in region for node in own(item)}
    for site in (event.site, *reversed(event.stack)):
        node = scene.find(site)
        if node in inside:
            return scene.layout.statement(node)
    return None


def _require_no_loop(layout: Layout, region: tuple[ast.stmt, ...], statement: ast.stmt, name: str) -> None:
    for item in (statement, *layout.around(statement)):
        if isinstance(item, Loop):
            raise CannotEdit(f"each turn of a loop changes `{name}` in place")
        if any(item is member for member in region):
            return


def _other_branches(layout: Layout, region: tuple[ast.stmt, ...], statement: ast.stmt) -> set[ast.AST]:
    """What does not run where a statement does: the other sides of the conditions around it."""
    found: set[ast.AST] = set()
    inner: ast.AST = statement
    for item in layout.around(statement):
        if any(inner is member for member in region):
            break
        if isinstance(item, ast.If):
            other = item.orelse if any(inner is part for part in item.body) else item.body
            found.update(node for part in other for node in ast.walk(part))
        inner = item
    return found


def _require_unread(layout: Layout, step: Step, region: tuple[ast.stmt, ...], name: str) -> None:
    """Raises CannotEdit where the scope reads the name elsewhere: it would see another value there."""
    before = step.block[: next(i for i, item in enumerate(step.block) if item is region[0])]
    known = {id(read) for read in loads([*before, *region], name)}
    bound = [i for i, item in enumerate(before) if _binds(item, name)]
    carried = not bound or loads(before[: bound[0] + 1], name)
    in_loop = any(isinstance(item, Loop) for item in layout.around(step.block[0]))
    if (in_loop and carried) or any(id(read) not in known for read in loads([layout.scope(region[0])], name)):
        raise CannotEdit(f"`{name}` is changed in place, and read elsewhere")


def _binds(statement: ast.stmt, name: str) -> bool:
    return isinstance(statement, ast.Assign) and any(
        isinstance(part, ast.Name) and part.id == name for target in statement.targets for part in ast.walk(target)
    )


def _require_unshared(scene: Scene, step: Step, finding: Finding, name: str, statement: ast.stmt) -> None:
    """Raises CannotEdit where something else holds the memory that is changed, and could be read later."""
    scope = scene.layout.scope(statement)
    here = (statement.lineno, statement.col_offset)
    read = {node.id for node in ast.walk(scope) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    names = (name, *sorted(read - {name}))
    found = probed(scene, step, finding, (Probe(where(statement), names, may_be_unbound=True),))
    if found is None:
        raise CannotEdit("the step is too large to be looked at again")
    for _, trace in found[0].traces():
        storages: set[Storage] = set()
        for event in trace.of(Unseen):
            other = probed_name(event)
            if other is None:
                continue
            value = event.given[1]
            held = {storage for tensor in _held(value) for storage in memory(tensor)}
            if other == name:
                storages = held
            elif held & storages:
                later = any((use.lineno, use.col_offset) >= here for use in loads([scope], other))
                if later or not isinstance(value, Tensor):
                    raise CannotEdit(f"`{name}` is changed in place, and `{other}` shares its memory")


def _held(value: Value) -> Iterator[Tensor]:
    """All tensors that can be reached from a value."""
    waiting, seen = [value], set[int]()
    while waiting and len(seen) < _MOST_VALUES:
        item = waiting.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, Tensor):
            yield item
        elif isinstance(item, Sequence):
            waiting.extend(item.items)
        elif isinstance(item, Mapping):
            waiting.extend(item.items.values())
        elif isinstance(item, Instance):
            waiting.extend(item.attributes.values())
        elif isinstance(item, Module):
            waiting.extend([*item.children.values(), *item.attributes.values()])


def _only_read(layout: Layout, statement: ast.stmt, name: str, kind: str) -> ast.expr:
    """The one expression by which a statement reads the tensor that it changes."""
    reads = loads([statement], name)
    if len(reads) != 1:
        raise CannotEdit(f"`{name}` is changed in place, and read more than once there")
    read: ast.expr = reads[0]
    if kind != "tensor":
        parent = layout.parents[read]
        if not (isinstance(parent, (ast.Subscript, ast.Attribute)) and parent.value is read):
            raise CannotEdit(f"`{name}` is changed in place")
        read = parent
    for item in layout.around(read):
        if item is statement:
            break
        if isinstance(item, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            raise CannotEdit(f"`{name}` is changed in place more than once")
    return read
