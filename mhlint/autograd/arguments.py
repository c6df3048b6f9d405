"""The arguments of a call: their values, and the parameters they are bound to."""

from __future__ import annotations

import ast

from mhlint.autograd.frames import Frame
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Function, Mapping, Sequence, Unknown, Value

Arguments = tuple[list[Value], dict[str, Value]]


def arguments(machine: Machine, frame: Frame, node: ast.Call) -> Arguments:
    """The values of a call's arguments, stars spread out."""
    args: list[Value] = []
    keywords: dict[str, Value] = {}
    for arg in node.args:
        if isinstance(arg, ast.Starred):
            found, _ = elements(machine, machine.evaluate(machine, frame, arg.value), machine.current)
            args.extend(found)
        else:
            args.append(machine.evaluate(machine, frame, arg))
    for keyword in node.keywords:
        before = len(machine.path.taken)
        value = machine.evaluate(machine, frame, keyword.value)
        if keyword.arg == "retain_graph" and len(machine.path.taken) > before and _compares_items(keyword.value):
            value = _uncertain(machine, before)
        if keyword.arg is not None:
            keywords[keyword.arg] = value
        elif isinstance(value, Mapping):
            keywords.update({str(key): item for key, item in value.items.items() if isinstance(key, str)})
            if not value.exact:
                # What else is in it may be any argument: no parameter has its default for certain.
                keywords.setdefault("**", machine.unknown("keywords"))
        else:
            keywords["**"] = value
    return args, keywords


def _compares_items(node: ast.expr) -> bool:
    """`loss is not losses[-1]`: which turn that means is not known, the author's care is taken for granted."""
    return any(
        isinstance(part, ast.Compare)
        and not any(isinstance(side, ast.Constant) for side in (part.left, *part.comparators))
        for part in ast.walk(node)
    )


def bind_arguments(
    machine: Machine, frame: Frame, function: Function, args: list[Value], keywords: dict[str, Value]
) -> None:
    """Give a function's parameters their values; what was not passed and has no default is unknown."""
    spec = function.definition.args
    names = [parameter.arg for parameter in (*spec.posonlyargs, *spec.args)]
    rest = dict(keywords)
    spread = rest.pop("**", None)
    if function.owner is not None and args and not function.is_static:
        frame.receiver = args[0]
    for name, value in zip(names, args, strict=False):
        frame.variables[name] = value
    for parameter in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs):
        name = parameter.arg
        if name in frame.variables:
            continue
        if name in rest:
            frame.variables[name] = rest.pop(name)
        elif name in function.defaults and spread is None:
            frame.variables[name] = function.defaults[name]
        elif isinstance(spread, Unknown) and spread.data:
            frame.variables[name] = machine.derived("item", (spread, name), name)
        else:
            frame.variables[name] = machine.unknown(name)
    if spec.vararg is not None:
        frame.variables[spec.vararg.arg] = Sequence(list(args[len(names) :]), "tuple")
    if spec.kwarg is not None:
        frame.variables[spec.kwarg.arg] = Mapping(dict(rest.items()), exact=spread is None)


def _uncertain(machine: Machine, first: int) -> Value:
    for position in range(first, len(machine.path.taken)):
        machine.path.flippable[position] = False
    made = machine.unknown("retain_graph")
    made.attributes["<uncertain>"] = made
    return made
