"""What each statement does to names, to control and to the trace."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from mhlint.autograd import (
    binding,
    branches,
    contexts,
    imports,
    loops,
    optional_imports,
    special_methods,
    unseen_methods,
)
from mhlint.autograd.arithmetic import arithmetic
from mhlint.autograd.attributes import member
from mhlint.autograd.conditions import decide, truth_text
from mhlint.autograd.definitions import define_class, define_function
from mhlint.autograd.frames import (
    BreakLoop,
    ContinueLoop,
    Frame,
    ProgramExits,
    ProgramRaises,
    ReturnValue,
)
from mhlint.autograd.machine import Machine
from mhlint.autograd.matching import run_match
from mhlint.autograd.tensor_arithmetic import update_in_place
from mhlint.autograd.values import NONE, Const, Instance, Mapping, Sequence, Tensor, Unknown

_CATCH_ALL = frozenset({"Exception", "BaseException", ""})


def execute(machine: Machine, frame: Frame, body: list[ast.stmt]) -> None:
    """Run statements in order."""
    for place, statement in enumerate(body):
        machine.spend()
        machine.covered.add(statement)
        machine.rest = body, place + 1
        machine.current = frame.program.site(statement)
        handler = _HANDLERS.get(type(statement))
        if handler is not None:
            handler(machine, frame, statement)


def _expression(machine: Machine, frame: Frame, statement: ast.Expr) -> None:
    machine.evaluate(machine, frame, statement.value)
    call = statement.value
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        owner = frame.look_up(call.func.value.id)
        if isinstance(owner, Instance) and isinstance(callee := owner.attributes.get(call.func.attr), Unknown):
            unseen_methods.forget_tensors(machine, callee, owner)


def _assign(machine: Machine, frame: Frame, statement: ast.Assign) -> None:
    value = machine.evaluate(machine, frame, statement.value)
    for target in statement.targets:
        binding.assign(machine, frame, target, value)


def _annotated(machine: Machine, frame: Frame, statement: ast.AnnAssign) -> None:
    if statement.value is not None:
        binding.assign(machine, frame, statement.target, machine.evaluate(machine, frame, statement.value))
    elif frame.is_class_body and isinstance(statement.target, ast.Name):
        frame.variables.setdefault("__annotations__", Mapping({}))


def _augmented(machine: Machine, frame: Frame, statement: ast.AugAssign) -> None:
    load = binding.as_load(statement.target)
    begun = _begun_elsewhere(machine, frame, statement.target)
    old = machine.evaluate(machine, frame, load)
    if begun is not None and isinstance(old, Tensor):
        old = machine.unknown(old.name, (old,))
    operand = machine.evaluate(machine, frame, statement.value)
    site = frame.program.site(statement)
    new = special_methods.update(machine, old, type(statement.op), operand, site)
    if new is None:
        new = update_in_place(machine, old, type(statement.op), operand, site)
    if new is None:
        new = arithmetic(machine, old, type(statement.op), operand, site)
    binding.assign(machine, frame, statement.target, new)
    if begun is not None:
        machine.begun_elsewhere.add(begun)


def _begun_elsewhere(machine: Machine, frame: Frame, target: ast.expr) -> tuple[Instance, str] | None:
    """The attribute that an `self.loss += ...` adds to, where only code that is not seen can have given it a value.

    That code may do so again before each such statement: what was added the last time may be gone by then.
    """
    if not isinstance(target, ast.Attribute) or not isinstance(target.value, ast.Name):
        return None
    owner = frame.look_up(target.value.id)
    if not isinstance(owner, Instance):
        return None
    place = (owner, target.attr)
    if place in machine.begun_elsewhere:
        return place
    return place if target.attr not in owner.attributes and member(machine, owner, target.attr) is None else None


def _delete(machine: Machine, frame: Frame, statement: ast.Delete) -> None:
    for target in statement.targets:
        binding.delete(machine, frame, target)


def _return(machine: Machine, frame: Frame, statement: ast.Return) -> None:
    value = NONE if statement.value is None else machine.evaluate(machine, frame, statement.value)
    raise ReturnValue(value, frame.program.site(statement))


def _raise(machine: Machine, frame: Frame, statement: ast.Raise) -> None:
    machine.path.unpin_all()
    raise ProgramRaises(branches.raised_name(statement), place=statement)


def _break(machine: Machine, frame: Frame, statement: ast.Break) -> None:
    raise BreakLoop


def _continue(machine: Machine, frame: Frame, statement: ast.Continue) -> None:
    raise ContinueLoop


def _try(machine: Machine, frame: Frame, statement: ast.Try) -> None:
    caught = [name for handler in statement.handlers for name in _names(handler.type)]
    explicit = "explicit" if "RuntimeError" in caught else "any" if _CATCH_ALL & set(caught) else "other"
    machine.catching.append((frame, explicit if statement.handlers else "none", frozenset(caught)))
    popped = False
    held = optional_imports.before(machine, frame, statement)
    try:
        try:
            execute(machine, frame, statement.body)
        except ProgramRaises as error:
            machine.catching.pop()
            popped = True
            handler = _matching(statement.handlers, error.kind)
            if handler is None:
                raise
            if handler.name:
                frame.variables[handler.name] = machine.unknown(handler.name)
            execute(machine, frame, handler.body)
        else:
            machine.catching.pop()
            popped = True
            execute(machine, frame, statement.orelse)
            if held is not None:
                optional_imports.forget(machine, frame, statement, held)
    finally:
        if not popped:
            machine.catching.pop()
        if statement.finalbody and machine.steps <= machine.budget.steps:
            execute(machine, frame, statement.finalbody)


def _names(kind: ast.expr | None) -> list[str]:
    if kind is None:
        return [""]
    parts = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return [getattr(part, "id", getattr(part, "attr", "?")) for part in parts]


def _matching(handlers: list[ast.ExceptHandler], kind: str) -> ast.ExceptHandler | None:
    for handler in handlers:
        names = _names(handler.type)
        if kind in names or _CATCH_ALL & set(names):
            return handler
    return None


def _with(machine: Machine, frame: Frame, statement: ast.With | ast.AsyncWith) -> None:
    contexts.run_with(machine, frame, list(statement.items), lambda: execute(machine, frame, statement.body))


def _for(machine: Machine, frame: Frame, statement: ast.For | ast.AsyncFor) -> None:
    if not frame.light:
        loops.run_for(machine, frame, statement)


def _while(machine: Machine, frame: Frame, statement: ast.While) -> None:
    if not frame.light:
        loops.run_while(machine, frame, statement)


def _global(machine: Machine, frame: Frame, statement: ast.Global) -> None:
    for name in statement.names:
        frame.elsewhere[name] = frame.top


def _nonlocal(machine: Machine, frame: Frame, statement: ast.Nonlocal) -> None:
    for name in statement.names:
        home = frame.parent
        while home is not None and name not in home.variables:
            home = home.parent
        if home is not None:
            frame.elsewhere[name] = home


def _asks_of_unknown_many(frame: Frame, test: ast.expr) -> bool:
    """Is a list asked for that loops have filled and emptied, not all of whose turns were run? It may be empty then."""
    named = (frame.look_up(part.id) for part in ast.walk(test) if isinstance(part, ast.Name))
    return any(isinstance(value, Sequence) and not value.exact for value in named)


def _assert(machine: Machine, frame: Frame, statement: ast.Assert) -> None:
    value = machine.evaluate(machine, frame, statement.test)
    if isinstance(value, Const):
        if not value.value and not _asks_of_unknown_many(frame, statement.test):
            machine.path.unpin_all()
            raise ProgramRaises("AssertionError", place=statement)
        return
    decide(
        machine,
        value,
        truth_text(frame.program, statement.test),
        frame.program.site(statement.test),
        forced=True,
    )


def _function(machine: Machine, frame: Frame, statement: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    frame.variables[statement.name] = define_function(machine, frame, statement)


def _class(machine: Machine, frame: Frame, statement: ast.ClassDef) -> None:
    frame.variables[statement.name] = define_class(machine, frame, statement)


def _import(machine: Machine, frame: Frame, statement: ast.Import | ast.ImportFrom) -> None:
    imports.run_import(machine, frame, statement)


_HANDLERS: dict[type[ast.stmt], Callable[[Machine, Frame, Any], None]] = {
    ast.Expr: _expression, ast.Assign: _assign, ast.AnnAssign: _annotated, ast.AugAssign: _augmented,
    ast.Delete: _delete, ast.Return: _return, ast.Raise: _raise, ast.Break: _break, ast.Continue: _continue,
    ast.If: branches.run_if, ast.Try: _try, ast.With: _with, ast.AsyncWith: _with, ast.For: _for, ast.AsyncFor: _for,
    ast.While: _while, ast.Global: _global, ast.Nonlocal: _nonlocal, ast.Assert: _assert, ast.Match: run_match,
    ast.FunctionDef: _function, ast.AsyncFunctionDef: _function, ast.ClassDef: _class, ast.Import: _import,
    ast.ImportFrom: _import,
}  # fmt: skip
if hasattr(ast, "TryStar"):
    _HANDLERS[ast.TryStar] = _try

__all__ = ["ProgramExits", "execute"]
