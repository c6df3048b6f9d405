"""Does anything that is read after a walk still lead to what the walk kept: names, attributes, what is in them?"""

from __future__ import annotations

import ast

from mhlint.autograd.frames import Frame
from mhlint.autograd.graph import Level, Node, Walk
from mhlint.autograd.iteration import Generator
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    MADE_FROM,
    ORIGIN,
    Bound,
    ClassValue,
    Function,
    Instance,
    Mapping,
    Method,
    Module,
    Namespace,
    Object,
    Partial,
    Sequence,
    Super,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.liveness import Liveness, names_of_its_own
from mhlint.syntax.program import Program, Site

_MOST_VALUES = 4000
Kept = set[Node | Value | None]


def let_go(machine: Machine, walk: Walk, site: Site) -> frozenset[ast.AST] | None:
    """The statements that bind what is read behind a walk, if none of it leads to what it kept on this path; else None.

    Whatever is run after the walk, on other paths, too, can reach what was kept through these bindings alone. What an
    unseen call gave may have a graph: that counts as kept.
    """
    if site.node in machine.held:
        return None
    kept: Kept = {node for node in walk.nodes if node.keeps >= Level.MAYBE}
    kept |= unseen_results(walk)
    binders = _looked_through(machine, kept, site)
    if binders is None:
        machine.held.add(site.node)
    return binders


def unseen_results(walk: Walk) -> set[Value]:
    """The results of unseen calls that a walk comes to, and those they are made from: each may have a graph."""
    found = {leaf.attributes[ORIGIN] for leaf in walk.leaves if ORIGIN in leaf.attributes}
    found |= {node.origin for node in walk.nodes if node.origin is not None}
    todo = list(found)
    while todo:
        made_from = getattr(todo.pop(), "attributes", {}).get(MADE_FROM)
        more = set(made_from.items) - found if isinstance(made_from, Sequence) else set()
        found |= more
        todo += more
    return found


def _looked_through(machine: Machine, kept: Kept, site: Site) -> frozenset[ast.AST] | None:
    calls = [*machine.stack, site]
    if len(machine.frames) != len(calls):
        return None
    values: list[Value] = []
    binders: frozenset[ast.AST] = frozenset()
    for depth, (frame, call) in enumerate(zip(machine.frames, calls, strict=True)):
        found = _behind(machine, frame, call)
        if found is None:
            return None
        values += found[0]
        binders |= found[1]
        if depth == 1 and isinstance(calls[0].node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            values += _arguments(frame)
    values += [value for frame in machine.waiting for value in frame.variables.values()]
    values += [namespace for namespace in machine.namespaces.values() if namespace.frame not in machine.frames]
    return None if _leads_on(values, kept) else binders


def _behind(machine: Machine, frame: Frame, call: Site) -> tuple[list[Value], frozenset[ast.AST]] | None:
    """The values that code behind a call reads in a frame, and what binds them."""
    function = frame.function
    if call.program is not frame.program:
        return None
    if function is None and isinstance(call.node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        # A function that nobody is seen to call: others may read what the module holds.
        return _data(frame), frozenset()
    owner: ast.AST = frame.program.tree if function is None else function.definition
    if isinstance(owner, ast.Lambda):
        names = frame.program.names_in(owner)
        return [value for name in names if (value := frame.look_up(name)) is not None], frozenset()
    known = machine.liveness.get(owner)
    if known is None:
        known = machine.liveness[owner] = Liveness(owner)
    behind = known.behind(call.node)
    if behind is None:
        return None
    values = [value for name in behind.names if (value := frame.look_up(name)) is not None]
    if frame.receiver is not None:
        values.append(frame.receiver)
    return values, behind.binders


def _arguments(frame: Frame) -> list[Value]:
    """What a function was given: its caller has it, too."""
    if frame.function is None:
        return []
    given = frame.function.definition.args
    names = [item.arg for item in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return [frame.variables[name] for name in names if name in frame.variables]


def _data(frame: Frame) -> list[Value]:
    return [value for value in frame.variables.values() if not isinstance(value, (Function, ClassValue, Namespace))]


def _leads_on(values: list[Value], kept: Kept) -> bool:
    """Does one of the values, or what they hold, lead to a kept node?"""
    sequences = [item.sequence if isinstance(item, Node) else 0 for item in kept]
    oldest = min(sequences, default=0)
    todo, seen, passed = list(values), set[int](), set[Node]()
    while todo:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if len(seen) > _MOST_VALUES or isinstance(item, Generator) or (isinstance(item, Unknown) and item in kept):
            return True
        if isinstance(item, Tensor):
            if _reaches(item.node, kept, oldest, passed):
                return True
            todo += [*item.parts.values(), *item.attributes.values()]
        else:
            todo += _inner(item)
    return False


def _inner(value: Value) -> list[Value]:
    """What a value holds."""
    if isinstance(value, Unknown):
        return [*value.deps, *value.attributes.values()]
    if isinstance(value, Sequence):
        return value.items
    if isinstance(value, Mapping):
        return [*value.items.values(), *([value.default] if value.default is not None else [])]
    if isinstance(value, Instance):
        return [item for name, item in value.attributes.items() if _is_read(value.cls, name)]
    if isinstance(value, Module):
        return [*value.attributes.values(), *value.children.values(), *value.settings.values()]
    if isinstance(value, Object):
        return [*value.attributes.values(), *value.settings.values()]
    if isinstance(value, Bound):
        return [value.function, value.receiver]
    if isinstance(value, Super):
        return [value.receiver]
    if isinstance(value, Partial):
        return [value.function, *value.args, *(item for _, item in value.keywords)]
    if isinstance(value, Method):
        return [value.owner]
    if isinstance(value, ClassValue):
        return list(value.members.values())
    if isinstance(value, Namespace):
        return _data(value.frame)
    if isinstance(value, Function):
        memory = list((value.memory or {}).values())
        within = value.frame.function is not None
        read = value.program.names_in(value.definition) - names_of_its_own(value.definition) if within else ()
        held = [item for name in read if (item := value.frame.look_up(name)) is not None]
        return [*memory, *held, *value.attributes.values(), *value.defaults.values()]
    return []


def _is_read(cls: ClassValue, name: str) -> bool:
    """Does some text of a class's modules read an attribute for more than a number to show?"""
    programs: set[Program] = {part.program for part in cls.order() if isinstance(part, ClassValue)}
    return cls.has_unseen_base() or any(name in program.used_attributes for program in programs)


def _reaches(start: Node | None, kept: Kept, oldest: int, seen: set[Node]) -> bool:
    todo = [start] if start is not None else []
    while todo:
        node = todo.pop()
        if node in seen or node.sequence < oldest:
            continue
        if node in kept or (node.origin is not None and node.origin in kept):
            return True
        seen.add(node)
        for target, _ in node.inputs:
            if isinstance(target, Node):
                todo.append(target)
            elif target.attributes.get(ORIGIN) in kept:
                return True
    return False
