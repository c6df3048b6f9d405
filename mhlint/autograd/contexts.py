"""`with`: gradient modes, wrappers that scale losses, contexts of the program's own."""

from __future__ import annotations

import ast
from collections.abc import Callable
from copy import copy
from dataclasses import replace

from mhlint.autograd import binding
from mhlint.autograd.conditions import decide, truth_of
from mhlint.autograd.frames import Frame, ProgramRaises
from mhlint.autograd.iteration import Generator
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    NONE,
    Bound,
    Const,
    Function,
    Instance,
    Library,
    Method,
    Object,
    Sequence,
    Unknown,
    Value,
    tensors_in,
)

_EXPECTS_ERROR = frozenset(
    {"pytest.raises", "suppress", "unittest.raises", "assertRaises", "assertRaisesRegex", "raises"}
)
# Inside these, what a node keeps is a copy, or mended before its walk: no change of it raises.
_KEEPS_COPIES = frozenset({"allow_mutation_on_saved_tensors", "saved_tensors_hooks", "save_on_cpu"})
_ANY_ERROR = frozenset({"Exception", "BaseException"})


def run_with(machine: Machine, frame: Frame, items: list[ast.withitem], body: Callable[[], None]) -> None:
    """Enter the contexts one by one, run the body in them, leave them."""
    if not items:
        body()
        return
    item, rest = items[0], items[1:]
    manager = machine.evaluate(machine, frame, item.context_expr)

    def inside(entered: Value) -> None:
        if item.optional_vars is not None:
            binding.assign(machine, frame, item.optional_vars, entered)
        run_with(machine, frame, rest, body)

    _enter(machine, frame, manager, item.context_expr, inside)


def in_grad_mode(callee: Value, enabled: Value) -> Value:
    """`torch.enable_grad()(function)`: the function, with that mode around each of its calls."""
    if isinstance(callee, Bound):
        wrapped = in_grad_mode(callee.function, enabled)
        return replace(callee, function=wrapped) if isinstance(wrapped, Function) else callee
    if not isinstance(callee, Function):
        return callee
    made = copy(callee)
    made.grad_mode = bool(enabled.value) if isinstance(enabled, Const) else None
    return made


def _enter(machine: Machine, frame: Frame, manager: Value, node: ast.expr, inside: Callable[[Value], None]) -> None:
    if isinstance(manager, Object) and manager.kind == "grad mode":
        enabled, before = manager.settings["enabled"], manager.settings.get("before")
        if isinstance(before, Const):
            machine.grad_enabled = before.value
        with machine.gradients(decide(machine, enabled, frame.program.text(node), frame.program.site(node))):
            inside(NONE)
        return
    if isinstance(manager, Object) and manager.kind == "exit stack":
        with machine.gradients(machine.grad_enabled):
            try:
                inside(manager)
            finally:
                unwind(machine, manager)
        return
    if isinstance(manager, Object) and manager.kind == "hook handle":
        try:
            inside(manager)
        finally:
            machine.call(machine, Method(manager, "__exit__"), [], {}, None)
        return
    if isinstance(manager, Object) and manager.kind == "scaled loss":
        inside(manager.settings["loss"])
        return
    if isinstance(manager, Generator):
        _around(manager, inside, machine)
        return
    if isinstance(manager, Instance):
        _own_context(machine, manager, inside)
        return
    name = _callee_name(node)
    if name in _EXPECTS_ERROR or name.rpartition(".")[2] in _EXPECTS_ERROR:
        caught = _expected(node)
        kind = "explicit" if "RuntimeError" in caught else "any" if caught & _ANY_ERROR else "other"
        machine.catching.append((frame, kind, caught))
        try:
            inside(machine.unknown("context"))
        except ProgramRaises as error:
            if error.kind not in caught and kind != "any":
                raise
        finally:
            machine.catching.pop()
        return
    if name.rpartition(".")[2] in _KEEPS_COPIES:
        _with_copies(machine, inside)
        return
    if isinstance(manager, Unknown) and "no_grad" in name.rpartition(".")[2]:
        with machine.gradients(False):
            inside(manager)
        return
    if isinstance(manager, Unknown):
        deps = tuple(tensors_in(manager))
        inside(machine.unknown("context", deps))
        return
    inside(manager)


def unwind(machine: Machine, stack: Object) -> None:
    """Call what an `ExitStack` was given to call when it is left, the last first."""
    held = stack.settings.get("callbacks")
    while isinstance(held, Sequence) and held.items:
        machine.call(machine, held.items.pop(), [], {}, machine.current)


def _with_copies(machine: Machine, inside: Callable[[Value], None]) -> None:
    before, machine.copies_saved = machine.copies_saved, True
    try:
        inside(machine.unknown("context"))
    finally:
        machine.copies_saved = before


def _expected(node: ast.expr) -> frozenset[str]:
    """The names of the errors that `pytest.raises(...)`, `suppress(...)` and their like are given."""
    given = [*node.args, *(keyword.value for keyword in node.keywords)] if isinstance(node, ast.Call) else []
    parts = [part for arg in given for part in (arg.elts if isinstance(arg, ast.Tuple) else [arg])]
    return frozenset(str(getattr(part, "id", getattr(part, "attr", ""))) for part in parts)


def _callee_name(node: ast.expr) -> str:
    return ast.unparse(node.func) if isinstance(node, ast.Call) else ""


def _around(manager: Generator, inside: Callable[[Value], None], machine: Machine) -> None:
    """A `contextmanager` function: the body runs where it yields."""

    def at_yield(value: Value) -> Value:
        inside(value)
        return NONE

    manager.produce(at_yield)


def _own_context(machine: Machine, manager: Instance, inside: Callable[[Value], None]) -> None:
    enter, leave = machine.member(machine, manager, "__enter__"), machine.member(machine, manager, "__exit__")
    before = machine.grad_enabled
    entered = machine.call(machine, enter, [], {}, None) if enter is not None else manager
    swallows = _may_swallow(leave)
    machine.catching.append((None, "explicit" if swallows else "none", frozenset()))
    error = ""
    try:
        inside(entered)
    except ProgramRaises as raised:
        error = raised.kind
        if not swallows:
            raise
    finally:
        machine.catching.pop()
        if leave is not None and machine.steps <= machine.budget.steps:
            given: list[Value] = [NONE, NONE, NONE]
            if error:
                given = [Library(f"builtins.{error}"), machine.unknown("error"), machine.unknown("traceback")]
            left = machine.call(machine, leave, given, {}, None)
            if swallows and error and truth_of(machine, left) is False:
                raise ProgramRaises(error)
        machine.grad_enabled = before


def _may_swallow(leave: Value | None) -> bool:
    """Does `__exit__` return what may be true? Then an error in the block ends there."""
    definition = leave.function.definition if isinstance(leave, Bound) else None
    return definition is not None and any(
        isinstance(node, ast.Return)
        and node.value is not None
        and not (isinstance(node.value, ast.Constant) and not node.value.value)
        for node in ast.walk(definition)
    )


def grad_mode(enabled: Value) -> Object:
    """The context `no_grad()`, `enable_grad()`, `set_grad_enabled(flag)`."""
    return Object("grad mode", {"enabled": enabled})
