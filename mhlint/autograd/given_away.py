"""Functions that code which is not seen may call whenever it likes: what they store is not known from then on."""

from __future__ import annotations

import ast

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Bound, Function, Instance, Sequence, Value

_ADDING = frozenset({"append", "extend", "insert", "appendleft"})


def forget_what_it_stores(machine: Machine, given: Value) -> None:
    """A hook, a callback: the attributes, outer names and lists that it changes may hold anything now."""
    function = given.function if isinstance(given, Bound) else given
    if not isinstance(function, Function):
        return
    for node in ast.walk(function.definition):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            for name in node.names:
                home = function.frame.home_of(name)
                if name in home.variables:
                    home.variables[name] = machine.unknown(name)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = _held(given, function, node.value)
            if isinstance(owner, Instance):
                owner.attributes[node.attr] = machine.unknown(f"self.{node.attr}")
                machine.stored_elsewhere.add((owner, node.attr))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
            added_to = _held(given, function, node.func.value)
            if isinstance(added_to, Sequence):
                added_to.exact = False
                added_to.items.append(machine.unknown("item"))


def _held(given: Value, function: Function, node: ast.expr) -> Value | None:
    """What a name, or an attribute of one, stands for in a function that is given away."""
    if isinstance(node, ast.Attribute):
        owner = _held(given, function, node.value)
        return owner.attributes.get(node.attr) if isinstance(owner, Instance) else None
    if not isinstance(node, ast.Name):
        return None
    arguments = [item.arg for item in (*function.definition.args.posonlyargs, *function.definition.args.args)]
    if node.id in arguments:
        return given.receiver if isinstance(given, Bound) and node.id == arguments[0] else None
    return function.frame.look_up(node.id)
