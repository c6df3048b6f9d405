"""Names and text that a program looks up or runs as it goes: `globals()`, `eval("...")`, `json.loads("...")`."""

from __future__ import annotations

import ast
import json
from typing import cast

from mhlint.autograd.command_lines import picked
from mhlint.autograd.computing import as_value
from mhlint.autograd.frames import Frame
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Key, Mapping, Sequence, Value
from mhlint.syntax.program import Site

_LONGEST = 2_000


def _frame(machine: Machine, site: Site | None) -> Frame | None:
    """The frame in which a call stands, where that is the running one."""
    frame = machine.frames[-1] if machine.frames else None
    return frame if frame is not None and site is not None and frame.program is site.program else None


def _globals(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    frame = _frame(machine, site)
    if frame is None:
        return machine.unknown("globals")
    return Mapping(cast("dict[Key, Value]", frame.top.variables), exact=False)


def _eval(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`eval(text)` of a text that is known, in the frame that calls it."""
    frame = _frame(machine, site)
    text = picked(args[0]) if len(args) == 1 and not keywords else None
    if frame is None or site is None or not isinstance(text, Const) or not isinstance(text.value, str):
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


def _loads(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    text = args[0] if len(args) == 1 and not keywords else None
    if not isinstance(text, Const) or not isinstance(text.value, str) or len(text.value) > _LONGEST:
        return machine.unknown("loads")
    try:
        return _from_json(json.loads(text.value))
    except (ValueError, RecursionError):
        return machine.unknown("loads")


def _from_json(data: object) -> Value:
    if isinstance(data, dict):
        return Mapping({key: _from_json(value) for key, value in data.items()})
    if isinstance(data, list):
        return Sequence([_from_json(item) for item in data])
    return as_value(data)


CALLS: dict[str, Handler] = {
    "builtins.globals": _globals, "builtins.eval": _eval, "json.loads": _loads,
}  # fmt: skip
