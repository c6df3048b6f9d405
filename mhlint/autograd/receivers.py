"""The object that a method is run on as a root: made and set up as its users would, and what it shows them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mhlint.autograd import calls
from mhlint.autograd.frames import ProgramRaises
from mhlint.autograd.graph import Level
from mhlint.autograd.left_out import SETS_UP
from mhlint.autograd.machine import Machine, SetUp
from mhlint.autograd.values import (
    Bound,
    ClassValue,
    Function,
    Instance,
    Library,
    Mapping,
    Partial,
    Sequence,
    Tensor,
    Unknown,
    Value,
)
from mhlint.syntax.program import Definition, Program


def unknown_arguments(machine: Machine, function: Function, skip: int = 0) -> list[Value]:
    """What an unseen caller passes."""
    spec = function.definition.args
    made: list[Value] = []
    for parameter in [*spec.posonlyargs, *spec.args][skip:]:
        default = function.defaults.get(parameter.arg)
        if isinstance(default, (Library, ClassValue, Function, Partial)):
            # `optimizer_class=Adam`: another caller may name another class, which does the same in another way.
            made.append(default)
            continue
        value = machine.unknown(parameter.arg)
        if parameter.arg in function.program.module_evidence:
            value.module = Level.LIKELY
        made.append(value)
    return made


def receiver(machine: Machine, cls: ClassValue, root: Definition) -> Value:
    """An object of a class, ready for its method `root`."""
    made = Instance(cls)
    init = machine.member(machine, made, "__init__")
    arguments = unknown_arguments(machine, init.function, skip=1) if isinstance(init, Bound) else []
    value = calls.instantiate(machine, cls, arguments, {}, machine.current)
    if isinstance(value, Instance) and _set_up(machine, value, root):
        machine.set_up = SetUp(value, frozenset(machine.entered))
    return value


def _set_up(machine: Machine, owner: Instance, root: Definition) -> bool:
    """Call the methods that set up what `__init__` has left out: `initialize(options)`, `build_model()`. Did all of
    them run to their end?"""
    done = True
    names = [name for cls in owner.cls.order() if isinstance(cls, ClassValue) for name in cls.members]
    for name in dict.fromkeys(names):
        method = machine.member(machine, owner, name) if SETS_UP.match(name) else None
        if not isinstance(method, Bound) or method.receiver is not owner or method.function.is_property:
            continue
        definition = method.function.definition
        if definition is root or definition in machine.entered or not _adds(method.function, owner):
            continue
        try:
            machine.call(machine, method, unknown_arguments(machine, method.function, skip=1), {}, machine.current)
        except ProgramRaises:
            done = False
    return done


def _adds(function: Function, owner: Instance) -> bool:
    first, last = function.definition.lineno, function.definition.end_lineno or 0
    return any(
        any(first <= getattr(node, "lineno", 0) <= last for node in nodes)
        for name, nodes in function.program.stored_attributes.items()
        if name not in owner.attributes
    )


def shown(machine: Machine, owner: Value) -> Iterator[tuple[str, Value, bool]]:
    """An object's attributes, and whether code that was not run may make use of them; without a name where code that
    is not seen may."""
    if not isinstance(owner, Instance):
        return
    unseen = owner.cls.has_unseen_base() or (owner is machine.subject and machine.left_open)
    programs = {cls.program for cls in owner.cls.order() if isinstance(cls, ClassValue)}
    for name, value in owner.attributes.items():
        uses = [(program, node) for program in programs for node in program.used_attributes.get(name, ())]
        used = unseen or not all(was_entered(machine, program, node) for program, node in uses)
        yield "" if unseen else name, value, used


def left_on(program: Program, arguments: list[Value]) -> list[Value]:
    """What a function has stored on objects that its caller has, where some text makes use of it: `ctx.graph = z`."""
    return [
        value
        for argument in arguments
        if isinstance(argument, Unknown)
        for name, value in argument.attributes.items()
        if isinstance(value, (Tensor, Sequence, Mapping, Unknown)) and name in program.used_attributes
    ]


def was_entered(machine: Machine, program: Program, node: ast.AST) -> bool:
    """Does a piece of the text belong to a function that was run?"""
    row = getattr(node, "lineno", 0)
    return any(
        definition.lineno <= row <= (definition.end_lineno or row)
        for definition in machine.entered
        if isinstance(definition, (ast.FunctionDef, ast.AsyncFunctionDef)) and definition in program.functions
    )
