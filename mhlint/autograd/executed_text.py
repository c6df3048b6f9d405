"""`exec`, `eval`, `globals` and `locals`: a text that is run, and the names it runs among."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import cast

from mhlint.autograd import unknown_names
from mhlint.autograd.command_lines import picked
from mhlint.autograd.frames import Frame
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.tensors import site_of
from mhlint.autograd.trace import Escape
from mhlint.autograd.values import NONE, Const, Instance, Key, Mapping, Sequence, Tensor, Unknown, Value, tensors_in
from mhlint.syntax.program import Site

_LONGEST = 2_000
"""The longest text of an expression that is evaluated."""


def _globals(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return _names_of(machine.frames[-1].top) if machine.frames else machine.unknown("globals")


def _locals(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """In a function they are copies: what is stored there changes no name."""
    if not machine.frames:
        return machine.unknown("locals")
    frame = machine.frames[-1]
    names = _names_of(frame)
    return names if frame.function is None else Mapping(dict(names.items), exact=False)


def _names_of(frame: Frame) -> Mapping:
    return Mapping(cast("dict[Key, Value]", frame.variables), exact=False, of_names=True)


def _exec(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """A text may bind any name it stores to, and change what it uses; one that is not known, anything."""
    machine.effects += 1
    if not machine.frames:
        return NONE
    frame = machine.frames[-1]
    given = args[1] if len(args) > 1 else keywords.get("globals")
    parts = _parsed(args[0]) if args else None
    if parts is None:
        found = tuple(t for value in frame.variables.values() for t in tensors_in(value) if t.node is not None)
        machine.emit(Escape, site_of(machine, site), tensors=found, how="call")
    table = given.items if isinstance(given, Mapping) else _bound_by_text(frame)
    if parts is None:
        unknown_names.forget_one(machine, table, None, None)
        return NONE
    settings = _settings(parts)
    for name in _stored(parts):
        table[name] = settings.get(name) or machine.unknown(name)
    for name in _changed(parts):
        _forget_content(machine, frame, name)
    return NONE


def _bound_by_text(frame: Frame) -> dict[Key, Value]:
    """Where a text without a dict of its own stores to: in a function to a copy of its names."""
    return cast("dict[Key, Value]", {} if frame.function is not None else frame.variables)


def _parsed(text: Value) -> list[ast.AST] | None:
    if not isinstance(text, Const) or not isinstance(text.value, str):
        return None
    try:
        return list(ast.walk(ast.parse(text.value)))
    except (SyntaxError, ValueError, RecursionError):
        return []


def _stored(parts: list[ast.AST]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield part.name
        elif isinstance(part, ast.alias):
            yield part.asname or part.name.partition(".")[0]


def _settings(parts: list[ast.AST]) -> dict[str, Value]:
    """What a text that is one plain statement sets: `name = 3`."""
    whole = parts[0] if parts else None
    if not isinstance(whole, ast.Module) or len(whole.body) != 1 or not isinstance(whole.body[0], ast.Assign):
        return {}
    one = whole.body[0]
    if not isinstance(one.value, ast.Constant):
        return {}
    return {target.id: Const(one.value.value) for target in one.targets if isinstance(target, ast.Name)}


def _changed(parts: list[ast.AST]) -> Iterator[str]:
    """The names of what a text gives to calls, calls methods of, or stores parts of."""
    for part in parts:
        stores = isinstance(part, (ast.Attribute, ast.Subscript)) and not isinstance(part.ctx, ast.Load)
        if stores or isinstance(part, (ast.Call, ast.AugAssign)):
            yield from (inner.id for inner in ast.walk(part) if isinstance(inner, ast.Name))


def _forget_content(machine: Machine, frame: Frame, name: str) -> None:
    home: Frame | None = frame.home_of(name)
    while home is not None and name not in home.variables:
        home = home.parent
    if home is not None and isinstance(home.variables[name], (Tensor, Sequence, Mapping, Instance, Unknown)):
        home.variables[name] = machine.unknown(name, tuple(tensors_in(home.variables[name])))


def _eval(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`eval(text)` of a text that is known, in the frame that calls it."""
    frame = machine.frames[-1] if machine.frames else None
    text = picked(args[0]) if len(args) == 1 and not keywords else None
    if frame is None or site is None or frame.program is not site.program:
        return machine.unknown("eval")
    if not isinstance(text, Const) or not isinstance(text.value, str):
        return machine.unknown("eval")
    if len(text.value) > _LONGEST or "backward" in text.value or "grad(" in text.value:
        # A walk in a text has no place of its own, which a fix could edit.
        return machine.unknown("eval")
    try:
        body = ast.parse(text.value.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return machine.unknown("eval")
    for node in ast.walk(body):
        if "lineno" in node._attributes:
            # What it does is done at the place of the call.
            ast.copy_location(node, site.node)
    return machine.evaluate(machine, frame, body)


CALLS: dict[str, Handler] = {"exec": _exec, "eval": _eval, "globals": _globals, "locals": _locals}
