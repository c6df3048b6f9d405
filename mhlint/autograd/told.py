"""Where a walk is told to retain its graph: in its own call, or in a call of the function around it."""

from __future__ import annotations

import ast

from mhlint.autograd.frames import Frame
from mhlint.autograd.machine import Machine
from mhlint.syntax.program import Site

_FLAG = "retain_graph"


def told_at(machine: Machine, site: Site) -> Site:
    """The call whose text says `retain_graph=True` for the walk at `site`: a function may hand on what it is told."""
    calls = [*machine.stack, site]
    if len(machine.frames) != len(calls):
        return site
    given = _keyword(site.node, _FLAG)
    for frame, call in zip(reversed(machine.frames), reversed(machine.stack), strict=False):
        if not isinstance(given, ast.Name) or not _is_handed_on(frame, given.id):
            return site
        given = _keyword(call.node, given.id)
        if isinstance(given, ast.Constant):
            return call
    return site


def _keyword(call: ast.AST, name: str) -> ast.expr | None:
    keywords = call.keywords if isinstance(call, ast.Call) else []
    return next((keyword.value for keyword in keywords if keyword.arg == name), None)


def _is_handed_on(frame: Frame, name: str) -> bool:
    """Is a name a parameter that the function does not store to?"""
    if frame.function is None or isinstance(frame.function.definition, ast.Lambda):
        return False
    given = frame.function.definition.args
    parameters = {item.arg for item in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
    return name in parameters and name not in frame.program.assigned_names(frame.function.definition)
