"""A tensor that becomes text, or is asked for its node, shows whether it is a leaf: a detached boundary is one."""

from __future__ import annotations

import ast

from mhlint.autograd.trace import Detach, Runs, Shown
from mhlint.rewrites.layout import Layout
from mhlint.syntax.program import Program

_TO_TEXT = frozenset({"print", "str", "repr", "format"})
_LOGGING = frozenset({"format", "debug", "info", "warning", "error", "critical", "exception", "write"})


def becomes_text(layout: Layout, name: ast.expr) -> bool:
    """Is what a name holds only turned into text? It may go on naming the boundary itself, which no walk sees."""
    inner: ast.AST = name
    for item in layout.around(name):
        if isinstance(item, ast.JoinedStr):
            return True
        if isinstance(item, ast.Call) and inner is not item.func:
            func = item.func
            return (isinstance(func, ast.Name) and func.id in _TO_TEXT) or (
                isinstance(func, ast.Attribute) and func.attr in _LOGGING
            )
        if isinstance(item, ast.BinOp) and isinstance(item.op, ast.Mod) and inner is item.right:
            return isinstance(item.left, (ast.JoinedStr, ast.Constant)) and not _is_number(item.left)
        if isinstance(item, (ast.Subscript, ast.Attribute)) and inner is not item.value:
            return False
        if not isinstance(item, (ast.Subscript, ast.Attribute, ast.Tuple, ast.List, ast.Starred, ast.FormattedValue)):
            return False
        inner = item
    return False


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def hooks_may_see_leaves(program: Program) -> bool:
    """Does a program hook forwards, and ask anywhere for what tells a leaf from a result?"""
    names = program.names_in(program.tree)
    return bool(names & _HOOKING) and bool(names & {"is_leaf", "grad_fn"})


_HOOKING = frozenset({"register_forward_hook", "register_forward_pre_hook"})


def leaves_are_shown(before: Runs, after: Runs) -> bool:
    """Does a program that was rewritten look at detached leaves where it did not before?"""
    return _most_shown(after) > _most_shown(before)


def _most_shown(runs: Runs) -> int:
    most = 0
    for _, trace in runs.traces():
        cut = {event.result for event in trace.of(Detach) if event.result.requires_grad and event.result.node is None}
        most = max(most, sum(event.tensor in cut for event in trace.of(Shown)))
    return most
