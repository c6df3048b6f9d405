"""Which names in some statements are the scope's that they stand in, and which those of functions inside."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Use = tuple[ast.Name, bool]
"""A name, and whether a function, lambda or class inside uses it."""


def used_here(nodes: Iterable[ast.AST]) -> list[ast.Name]:
    """The names of the scope that some statements stand in, without those that inner scopes have to themselves."""
    return [name for top in nodes for name in _used_in(top)]


@lru_cache(maxsize=4096)
def _used_in(top: ast.AST) -> tuple[ast.Name, ...]:
    """The same of one statement: a rewrite asks for many names in the same few statements."""
    return tuple(name for name, _ in _uses(top, frozenset(), inner=False, of_module=True))


def captured(body: Iterable[ast.AST], of_module: bool) -> list[ast.Name]:
    """The uses of a scope's names by the functions, lambdas and classes inside it."""
    return [name for top in body for name, inner in _uses(top, frozenset(), inner=False, of_module=of_module) if inner]


def _uses(node: ast.AST, hidden: frozenset[str], inner: bool, of_module: bool) -> Iterator[_Use]:
    if isinstance(node, ast.Name):
        if node.id not in hidden:
            yield node, inner
        return
    if isinstance(node, _Function):
        body = node.body if isinstance(node.body, list) else [node.body]
        yield from _each(_outside(node), hidden, inner, of_module)
        yield from _each(body, hidden | _own(node, body, of_module), True, of_module)
    elif isinstance(node, _Comprehension):
        first, *_ = node.generators
        yield from _uses(first.iter, hidden, inner, of_module)
        targets = {
            part.id
            for clause in node.generators
            for part in ast.walk(clause.target)
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
        }
        within = [part for part in _parts(node) if part is not first.iter]
        yield from _each(within, hidden | targets, inner, of_module)
    elif isinstance(node, ast.ClassDef):
        yield from _each([*node.decorator_list, *node.bases, *node.keywords], hidden, inner, of_module)
        for name, _ in _each(node.body, hidden, True, of_module):
            # What the body of a class binds is an attribute; what it reads may be a name from outside.
            if isinstance(name.ctx, ast.Load) or name not in _bound_by(node):
                yield name, True
    else:
        yield from _each(ast.iter_child_nodes(node), hidden, inner, of_module)


def _each(nodes: Iterable[ast.AST], hidden: frozenset[str], inner: bool, of_module: bool) -> Iterator[_Use]:
    for node in nodes:
        yield from _uses(node, hidden, inner, of_module)


def _parts(node: _Comprehension) -> Iterator[ast.AST]:
    for field in ast.iter_child_nodes(node):
        if isinstance(field, ast.comprehension):
            yield from (field.target, field.iter, *field.ifs)
        else:
            yield field


def _outside(function: _Function) -> Iterator[ast.AST]:
    """What is evaluated where a function is defined: defaults, decorators and annotations."""
    given = function.args
    yield from (*given.defaults, *(default for default in given.kw_defaults if default is not None))
    if isinstance(function, ast.Lambda):
        return
    yield from function.decorator_list
    if function.returns is not None:
        yield function.returns
    yield from (arg.annotation for arg in _arguments(given) if arg.annotation is not None)


def _arguments(given: ast.arguments) -> list[ast.arg]:
    rest = [arg for arg in (given.vararg, given.kwarg) if arg is not None]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]


def _own(function: _Function, body: list[ast.stmt] | list[ast.expr], of_module: bool) -> frozenset[str]:
    """The names that a function has to itself; for a function around it, those of the module as well."""
    bound = {arg.arg for arg in _arguments(function.args)}
    from_outside: set[str] = set()
    of_the_module: set[str] = set()
    for node in _without_inner(body):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.Global):
            of_the_module.update(node.names)
        elif isinstance(node, ast.Nonlocal):
            from_outside.update(node.names)
    own = bound - from_outside - of_the_module
    return frozenset(own if of_module else own | of_the_module)


def _bound_by(node: ast.ClassDef) -> set[ast.Name]:
    return {name for name in _without_inner(node.body) if isinstance(name, ast.Name)}


def _without_inner(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """The nodes of a body, without those inside functions and classes defined there and targets of comprehensions."""
    waiting = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, _Comprehension):
            waiting.extend(part for clause in node.generators for part in (clause.iter, *clause.ifs))
            waiting.extend(part for part in ast.iter_child_nodes(node) if not isinstance(part, ast.comprehension))
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
