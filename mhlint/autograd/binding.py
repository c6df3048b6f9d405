"""Storing values: to names, attributes, items, and to several targets by unpacking."""

from __future__ import annotations

import ast

from mhlint.autograd import attribute_stores, subscripts
from mhlint.autograd.binding_effects import note_effect
from mhlint.autograd.frames import Frame
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Sequence, Tensor, Unknown, Value, tensors_in


def assign(machine: Machine, frame: Frame, target: ast.expr, value: Value) -> None:
    """Store a value to a target."""
    if isinstance(target, ast.Name):
        home = frame.home_of(target.id)
        note_effect(machine, home.variables.get(target.id), value)
        name_tensor(value, target.id)
        home.variables[target.id] = value
    elif isinstance(target, ast.Attribute):
        owner = machine.evaluate(machine, frame, target.value)
        name_tensor(value, frame.program.text(target))
        attribute_stores.store(machine, owner, target.attr, value, frame.program.site(target))
    elif isinstance(target, ast.Subscript):
        owner = machine.evaluate(machine, frame, target.value)
        index = machine.evaluate(machine, frame, target.slice)
        subscripts.store(machine, owner, index, value, frame.program.site(target))
    elif isinstance(target, (ast.Tuple, ast.List)):
        _unpack(machine, frame, target.elts, value)
    elif isinstance(target, ast.Starred):
        assign(machine, frame, target.value, value)


def name_tensor(value: Value, name: str) -> None:
    """The first name a tensor is given is the one messages use."""
    if isinstance(value, Tensor) and not value.name:
        value.name = name


def _unpack(machine: Machine, frame: Frame, targets: list[ast.expr], value: Value) -> None:
    star = next((i for i, target in enumerate(targets) if isinstance(target, ast.Starred)), None)
    if isinstance(value, Sequence) and value.exact and (len(value.items) == len(targets) or star is not None):
        items = value.items
    elif isinstance(value, (Unknown, Tensor)):
        items = [
            subscripts.load(machine, value, Const(i if star is None or i < star else i - len(targets)), machine.current)
            for i in range(len(targets))
        ]
        if star is not None:
            rest = tuple(tensors_in(value))
            items[star] = machine.unknown("rest", rest)
            for target, item in zip(targets, items, strict=True):
                assign(machine, frame, target, item)
            return
    else:
        found, _ = elements(machine, value, machine.current)
        items = found[: len(targets)]
        items += [machine.unknown("item") for _ in range(len(targets) - len(items))]
    if star is None:
        for target, item in zip(targets, items, strict=False):
            assign(machine, frame, target, item)
        return
    after = len(targets) - star - 1
    middle = items[star : len(items) - after]
    parts = [*items[:star], Sequence(list(middle)), *(items[len(items) - after :] if after else [])]
    for target, item in zip(targets, parts, strict=False):
        assign(machine, frame, target, item)


def delete(machine: Machine, frame: Frame, target: ast.expr) -> None:
    """`del target`: matters for containers and names, never for the graph (FACTS F93)."""
    if isinstance(target, ast.Name):
        frame.home_of(target.id).variables.pop(target.id, None)
    elif isinstance(target, ast.Subscript):
        owner = machine.evaluate(machine, frame, target.value)
        index = machine.evaluate(machine, frame, target.slice)
        subscripts.delete(machine, owner, index)
    elif isinstance(target, ast.Attribute):
        owner = machine.evaluate(machine, frame, target.value)
        attribute_stores.delete(machine, owner, target.attr, frame.program.site(target))
    elif isinstance(target, (ast.Tuple, ast.List)):
        for part in target.elts:
            delete(machine, frame, part)


def as_load(target: ast.expr) -> ast.expr:
    """The expression that reads what an augmented assignment stores to."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    if isinstance(target, ast.Subscript):
        return ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
    return target
