"""Which functions only compute: they walk nothing and keep nothing; a choice in them changes what they give alone."""

from __future__ import annotations

import ast

from mhlint.autograd.reach import names_that_walk
from mhlint.autograd.values import Function
from mhlint.syntax.program import Program, own_nodes

_ENGINE = frozenset({"backward", "manual_backward"})
_MAKERS = frozenset({"__init__", "setup", "initialize", "build", "reset_parameters", "init_weights"})
"""Methods that are to set attributes up: which of them there are is asked for again where it matters."""
_ADDING = frozenset({"append", "extend", "insert", "add", "update", "setdefault", "appendleft", "push", "put"})


class Asides:
    """Answers for the functions of all modules that are run; `words` are the names that stand for a walk."""

    def __init__(self, words: frozenset[str]) -> None:
        self._words = words
        self._walking: dict[Program, frozenset[str]] = {}
        self._known: dict[ast.AST, bool] = {}

    def holds(self, function: Function) -> bool:
        """Does a function only compute?"""
        known = self._known.get(function.definition)
        if known is None:
            known = self._known[function.definition] = self._only_computes(function.program, function.definition)
        return known

    def walks(self, program: Program, body: list[ast.stmt], *, itself: bool = False) -> bool:
        """Does a piece of code name something that walks; does it do so `itself`?"""
        walking = _ENGINE if itself else self._names(program)
        return any(program.names_in(statement) & walking for statement in body)

    def _names(self, program: Program) -> frozenset[str]:
        known = self._walking.get(program)
        if known is None:
            known = self._walking[program] = names_that_walk(program, self._words)
        return known

    def _only_computes(self, program: Program, definition: ast.AST) -> bool:
        if program.names_in(definition) & self._names(program):
            return False
        if getattr(definition, "name", "") in _MAKERS or isinstance(definition, ast.Lambda):
            return True
        return not any(_keeps(node) or _gives_a_flag(node) for node in own_nodes(definition))


def _keeps(node: ast.AST) -> bool:
    """Does it leave something in an object, or in what other functions see?"""
    if isinstance(node, (ast.Global, ast.Nonlocal)):
        return True
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _ADDING:
        return isinstance(node.func.value, ast.Attribute)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        return isinstance(node.value, ast.Attribute)
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)


def _gives_a_flag(node: ast.AST) -> bool:
    """Does it return what its caller may ask: a constant, a comparison?"""
    kinds = (ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp)
    return isinstance(node, ast.Return) and isinstance(node.value, kinds)
