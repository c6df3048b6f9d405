"""In which functions backward calls stand, for a step that is not written in one."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from mhlint.rewrites.layout import CannotEdit
from mhlint.syntax.program import Site

_MOST_NAMED = 3


def apart(sites: Iterable[Site]) -> CannotEdit:
    """Says in which functions the backward calls stand."""
    names = [_function(site) for site in sites]
    named = list(dict.fromkeys(f"`{name}`" if name else "the module itself" for name in names))
    if len(named) == 1:
        return CannotEdit(f"the backward calls are made by {named[0]}, which does more than to walk a loss")
    shown = named[:_MOST_NAMED] + ["others"] * (len(named) > _MOST_NAMED)
    where_they_are = ", ".join(shown[:-1]) + " and " + shown[-1]
    return CannotEdit(f"the backward calls stand in different functions, {where_they_are}")


def _function(site: Site) -> str:
    """The name of the function around a site, with that of its class; "" for none."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef] = [
        node
        for node in ast.walk(site.program.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and node.lineno <= site.row <= (node.end_lineno or site.row)
    ]
    around = sorted(found, key=lambda node: node.lineno)[-2:]
    if not around or isinstance(around[-1], ast.ClassDef):
        return ""
    return ".".join(node.name for node in around if node is around[-1] or isinstance(node, ast.ClassDef))
