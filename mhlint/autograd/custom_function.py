"""`torch.autograd.Function`: a node that keeps if its backward reads what it saved (FACTS F12)."""

from __future__ import annotations

import ast

from mhlint.autograd import tensors
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import ClassValue, Function, Value, tensors_in
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
    return result
