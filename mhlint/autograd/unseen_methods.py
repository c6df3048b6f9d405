"""Methods that only another class makes, and what a method that is not seen may do to the object it is called on."""

from __future__ import annotations

import ast
import re

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Function, Instance, Tensor, Unknown
from mhlint.syntax.program import dotted

_LEAVES_ATTRIBUTES = re.compile(
    r"^_*(log|print|write|save|load|display|show|plot|report|record|summari\w+|set_requires_grad|zero_grad|toggle\w*|"
    r"untoggle\w*|clip\w*|train|eval|to|cuda|check|assert\w*|on|callback\w*|notify|visuali\w+)(_|\b)"
)
"""What methods are called that do not replace the tensors that their object holds."""


def is_abstract(function: Function) -> bool:
    """Does a method only say that a class derived from this one has to define it?"""
    definition = function.definition
    if isinstance(definition, ast.Lambda):
        return False
    if any(dotted(item).rpartition(".")[2].startswith("abstract") for item in definition.decorator_list):
        return True
    body = [item for item in definition.body if not _is_text(item)]
    return len(body) == 1 and isinstance(body[0], ast.Raise) and _not_implemented(body[0])


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _not_implemented(statement: ast.Raise) -> bool:
    raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
    return isinstance(raised, ast.Name) and raised.id == "NotImplementedError"


def forget_tensors(machine: Machine, callee: Unknown, owner: Instance) -> None:
    """A method that is not seen was called for what it does: the tensors that its object holds may be others now."""
    name = callee.label.removeprefix("self.")
    if _LEAVES_ATTRIBUTES.search(name):
        return
    for attribute, held in owner.attributes.items():
        if isinstance(held, Tensor) and held.node is not None:
            owner.attributes[attribute] = machine.unknown(f"self.{attribute}", (held,))
