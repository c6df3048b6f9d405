"""`try: import apex` and what stands in for it: which side ran is a matter of what is installed, not of the program."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from mhlint.autograd.frames import Frame
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Function, Library, Value

_MISSING = frozenset({"ImportError", "ModuleNotFoundError"})
_INSTALLED = frozenset({"torch", "numpy"}) | sys.stdlib_module_names


def before(machine: Machine, frame: Frame, statement: ast.Try) -> dict[str, Value] | None:
    """What the names of such a statement hold in front of it; None where it asks for nothing that may be missing."""
    if not any(_catches(handler) for handler in statement.handlers):
        return None
    if not any(_may_be_missing(machine, frame, node) for node in statement.body):
        return None
    bound = _bound(statement) | set(_imported(statement.body))
    return {name: frame.variables[name] for name in bound if name in frame.variables}


def forget(machine: Machine, frame: Frame, statement: ast.Try, held: dict[str, Value]) -> None:
    """After the side where all is installed: flags and functions that the other side would have left otherwise."""
    others = {name for handler in statement.handlers if _catches(handler) for name in _names(handler.body)}
    for name in _bound(statement):
        value = frame.variables.get(name)
        old = held.get(name)
        if isinstance(value, Function) and name in others:
            frame.variables[name] = machine.unknown(name)
        elif isinstance(value, Const) and (name in others or (isinstance(old, Const) and old != value)):
            frame.variables[name] = machine.unknown(name)
    empty = {name for handler in statement.handlers if _catches(handler) for name in _set_to_nothing(handler.body)}
    for name in _imported(statement.body):
        value, old = frame.variables.get(name), held.get(name)
        left = name in empty or (name not in others and isinstance(old, Const) and not old.value)
        if left and isinstance(value, Library):
            machine.perhaps_missing.add(value)


def _catches(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in _MISSING for kind in kinds)


def _may_be_missing(machine: Machine, frame: Frame, node: ast.stmt) -> bool:
    if isinstance(node, ast.ImportFrom):
        asked = [] if node.level else [node.module or ""]
    else:
        asked = [item.name for item in node.names] if isinstance(node, ast.Import) else []
    return any(
        name.partition(".")[0] not in _INSTALLED and machine.project.find(frame.program, name) is None
        for name in asked
    )


def _bound(statement: ast.Try) -> set[str]:
    return set(_names([*statement.body, *statement.orelse]))


def _imported(body: list[ast.stmt]) -> Iterator[str]:
    """The names that import statements give to libraries."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (item.asname or item.name.partition(".")[0] for item in node.names)


def _set_to_nothing(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements give None, or another constant that counts as false."""
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and not node.value.value:
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _names(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements give a value or a function."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
