"""Running a source: its script, then every function or method that could walk and that nothing has called."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from mhlint.autograd import (
    attributes,
    calls,
    escapes,
    expressions,
    imports,
    lightning_loop,
    loading,
    receivers,
    statements,
    tensors,
    trainer_loops,
)
from mhlint.autograd.asides import Asides
from mhlint.autograd.frames import Frame, GiveUp, Leave, ProgramExits, ProgramRaises
from mhlint.autograd.machine import Machine
from mhlint.autograd.paths import Budget, Path, explore
from mhlint.autograd.reach import candidates, is_relevant, words_of
from mhlint.autograd.trace import Backward, Root, Runs, Trace
from mhlint.autograd.values import (
    ORIGIN,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Module,
    Namespace,
    Unknown,
    Value,
    tensors_in,
)
from mhlint.syntax.liveness import Liveness
from mhlint.syntax.program import Definition, Program
from mhlint.syntax.project import Project

_MOST_ROOTS = 60
_TURNS_OF_A_METHOD = 2
_CALLED_ONCE = frozenset({"fit", "main"})
"""What such a method is called that runs the whole training in loops of its own."""


def run_program(
    program: Program, project: Project, backward_calls: tuple[str, ...] = (), budget: Budget | None = None
) -> Runs:
    """All paths of all roots of a program."""
    budget = budget or Budget()
    runs = Runs(program)
    words = words_of(program, project, backward_calls)
    asides = Asides(words)
    liveness: dict[ast.AST, Liveness] = {}
    entered: set[ast.AST] = set()
    left = budget.source_steps

    def add(name: str, body: Callable[[Machine], None]) -> None:
        nonlocal left
        if left <= 0:
            runs.all_run = False
            return
        limits = replace(budget, total_steps=min(budget.total_steps, left))
        covered: set[ast.AST] = set()
        held: set[ast.AST] = set()

        def run(path: Path, going_on: bool = False) -> tuple[Trace, int]:
            machine = Machine(project, path, Trace(name), limits, asides, backward_calls, going_on=going_on)
            machine.evaluate, machine.execute = expressions.evaluate, statements.execute
            machine.call, machine.member = calls.call, attributes.member
            machine.batches, machine.liveness, machine.held = loading.batches, liveness, held
            _run(machine, body)
            entered.update(machine.entered)
            covered.update(machine.covered)
            machine.trace.choices = path.choices()
            nonlocal left
            left -= machine.steps
            runs.steps += machine.steps
            return machine.trace, machine.steps

        root = explore(name, run, limits, covered)
        runs.roots.append(root)
        if _raises_after_retaining(root):
            runs.repaired.append(explore(name, lambda path: run(path, going_on=True), limits, covered))

    if is_relevant(program, words):
        add("script", lambda machine: _script(machine, program))
    for cls, definition in candidates(program, words)[:_MOST_ROOTS]:
        if definition not in entered:
            add(definition.name, lambda machine, c=cls, d=definition: _call_root(machine, program, c, d))  # type: ignore[misc]
    return runs


def _raises_after_retaining(root: Root) -> bool:
    """Does a walk fail after one that retains? What is retained for is seen once the failing walk is repaired."""
    for trace in root.traces:
        walks = list(trace.of(Backward))
        if walks and walks[-1].failure and any(walk.explicit_retain for walk in walks[:-1]):
            return True
    return False


def _run(machine: Machine, body: Callable[[Machine], None]) -> None:
    try:
        body(machine)
    except ProgramRaises as error:
        machine.trace.ended = "raised"
        machine.trace.dead_end, machine.trace.deciding = error.place, error.deciding
    except (GiveUp, RecursionError):
        machine.trace.ended = "budget"
    except ProgramExits:
        machine.trace.ended = "done"
    except Leave:
        machine.trace.ended = "done"


def _script(machine: Machine, program: Program) -> None:
    frame = Frame(program)
    frame.variables["__name__"] = Const("__main__")
    frame.variables["__file__"] = Const(program.source.path)
    machine.frames.append(frame)
    if not program.source.cells:
        machine.execute(machine, frame, program.tree.body)
        return
    # In a notebook a cell that raises does not stop the cells after it.
    for cell in program.source.cells:
        rows = range(cell.first_row, cell.first_row + cell.rows)
        try:
            machine.execute(machine, frame, [node for node in program.tree.body if node.lineno in rows])
        except ProgramRaises:
            continue


def _call_root(machine: Machine, program: Program, class_name: str, definition: Definition) -> None:
    """Call one function as an unseen caller would; a method twice, on the same object, as in a loop."""
    frame = Frame(program)
    machine.current = program.site(definition)
    machine.namespaces[program] = Namespace(program, frame)
    machine.frames.append(frame)
    imports.run_definitions(machine, frame)
    frame.light = False
    machine.current = program.site(definition)
    if not class_name:
        function = frame.variables.get(definition.name)
        if isinstance(function, Function):
            given = receivers.unknown_arguments(machine, function)
            result = machine.call(machine, function, given, {}, program.site(definition))
            _escape(machine, [result], "return")
            _escape(machine, receivers.left_on(program, given), "argument")
        return
    cls = frame.variables.get(class_name)
    if not isinstance(cls, ClassValue):
        return
    receiver = receivers.receiver(machine, cls, definition)
    method = cls.members.get(definition.name)
    if not isinstance(method, Function):
        return
    # What the class leaves to be defined is defined in the class of the object that an unseen caller has.
    machine.subject = receiver if isinstance(receiver, Instance) else None
    # A decorator of the project's own has put another function in its place, which passes the arguments on.
    asked = Function(definition, program, frame) if method.definition is not definition else method
    activation = machine.trace.virtual_loop = machine.next_serial()
    for turn in range(1 if _runs_all(definition) else _TURNS_OF_A_METHOD):
        with machine.in_turn(((activation, turn),)):
            returned = _driven(machine, receiver, definition, turn)
            if returned is None:
                callee: Value = method if method.is_static else Bound(method, receiver)
                arguments = receivers.unknown_arguments(machine, asked, skip=0 if method.is_static else 1)
                returned = machine.call(machine, callee, arguments, {}, program.site(definition))
                _escape(machine, receivers.left_on(program, arguments), "argument")
            _escape(machine, [returned], "return")
        _forget_what_others_set(machine, receiver)
    for name, value, used in receivers.shown(machine, receiver):
        _escape(machine, [value], "attribute" if used else "own attribute", name)


def _runs_all(definition: Definition) -> bool:
    """Does a method run the whole training? Its caller has no loop around it."""
    loops = (ast.For, ast.AsyncFor, ast.While)
    return definition.name in _CALLED_ONCE and any(isinstance(node, loops) for node in ast.walk(definition))


def _driven(machine: Machine, receiver: Value, definition: Definition, turn: int) -> Value | None:
    """Call a method as the library does that walks what it returns; None where it is not such a method."""
    if not isinstance(receiver, Instance):
        return None
    if definition.name == "training_step" and attributes.is_lightning_class(receiver.cls):
        return lightning_loop.turn(machine, receiver, machine.unknown("batch"), turn, None)
    if definition.name == "compute_loss" and attributes.trainer_base(receiver.cls):
        return trainer_loops.turn_by_return(machine, receiver)
    return None


def _escape(machine: Machine, values: list[Value], how: str, name: str = "") -> None:
    unseen = [value for value in values if isinstance(value, Unknown) and ORIGIN in value.attributes]
    given = [tensor for value in values for tensor in tensors_in(value) if tensor.node is not None]
    found = [*given, *(tensor for value in unseen if (tensor := tensors.as_tensor(machine, value)) is not None)]
    if found and machine.current is not None:
        escapes.give_away(machine, tuple(found), machine.current, how, name)


def _forget_what_others_set(machine: Machine, value: Value, depth: int = 3) -> None:
    """Between two calls of a root somebody else may run: what other code stores is not known any more."""
    if not isinstance(value, Instance) or depth == 0:
        return
    classes = [cls for cls in value.cls.order() if isinstance(cls, ClassValue)]
    programs = frozenset(cls.program for cls in classes)
    names = frozenset(cls.definition.name for cls in classes)
    for name, held in list(value.attributes.items()):
        if isinstance(held, Instance):
            _forget_what_others_set(machine, held, depth - 1)
            continue
        if isinstance(held, Module) or not any(tensor.node is not None for tensor in tensors_in(held)):
            continue
        stored = [(program, node) for program in programs for node in program.stored_attributes.get(name, ())]
        if any(not receivers.was_entered(machine, program, node) for program, node in stored) or (
            machine.project.stored_elsewhere(name, names, programs)
        ):
            value.attributes[name] = machine.unknown(f"self.{name}")
