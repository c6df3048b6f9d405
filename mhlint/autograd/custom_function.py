"""`torch.autograd.Function`: a node that keeps if its backward reads what it saved (FACTS F12)."""

from __future__ import annotations

import ast

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ClassValue, Function, Tensor, Value, tensors_in
from mhlint.syntax.program import Site


def apply_function(
    machine: Machine, cls: ClassValue, args: list[Value], keywords: dict[str, Value], site: Site | None
) -> Value:
    """`MyFunction.apply(...)`."""
    given = [tensor for value in (*args, *keywords.values()) for tensor in tensors_in(value)]
    own = cls.members.get("backward")
    reads = Level.MAYBE
    if isinstance(own, Function):
        names = {node.attr for node in ast.walk(own.definition) if isinstance(node, ast.Attribute)}
        reads = Level.CERTAIN if "saved_tensors" in names else Level.NO
    result = tensors.make(machine, cls.definition.name, given, reads, site)
    result.unseen_call = True
    result.parts_level = Level.CERTAIN
    forward = cls.members.get("forward")
    if result.node is not None and isinstance(own, Function) and isinstance(forward, Function) and _unpacks(own):
        for tensor, name in _saved(forward, args, result):
            tensors.keep(result.node, tensor, name)
    return result


def _unpacks(backward: Function) -> bool:
    """Does it read all that was saved, on each of its ways?"""
    body = backward.definition.body
    return isinstance(body, list) and any(
        isinstance(node, ast.Attribute) and node.attr == "saved_tensors"
        for statement in body
        if isinstance(statement, (ast.Assign, ast.Return, ast.Expr))
        for node in ast.walk(statement)
    )


def _saved(forward: Function, args: list[Value], result: Tensor) -> list[tuple[Tensor, str]]:
    """The inputs that `forward` saves as they are given to it, and its result where it saves that."""
    definition = forward.definition
    if not isinstance(definition, ast.FunctionDef):
        return []
    names = [parameter.arg for parameter in (*definition.args.posonlyargs, *definition.args.args)][1:]
    inputs = {name: value for name, value in zip(names, args, strict=False) if isinstance(value, Tensor)}
    stored = {
        node.id for node in ast.walk(definition) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    returned = definition.body[-1]
    if isinstance(returned, ast.Return) and isinstance(returned.value, ast.Name) and returned.value.id not in names:
        inputs[returned.value.id] = result
        stored.discard(returned.value.id)
    found: list[tuple[Tensor, str]] = []
    for statement in definition.body:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        if call.func.attr == "mark_dirty":
            return []
        if call.func.attr == "save_for_backward":
            kept = [arg.id for arg in call.args if isinstance(arg, ast.Name)]
            found += [(inputs[name], name) for name in kept if name in inputs and name not in stored]
    return found
