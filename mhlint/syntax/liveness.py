"""Which names a function may still read behind one of its statements, before it binds them anew on every way there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from mhlint.syntax.program import children, own_nodes, shown_in

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Names = frozenset[str]
_NONE: Names = frozenset()
_COMPARING = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
"""What gives no more than an answer, without a graph; `==` may be asked of a list."""


class Behind(NamedTuple):
    """The names that are read behind a part of a function, and all statements in it that bind them."""

    names: Names
    binders: frozenset[ast.AST]


class _Ways(NamedTuple):
    """What is read where control leaves a block early."""

    at_break: Names = _NONE
    at_continue: Names = _NONE
    always: Names = _NONE


class Liveness:
    """The names read behind each statement of a function's (or a module's) own body.

    A read that takes no more than a number out of a tensor (`loss.item()`, `float(loss)`, `x is None`, `loss > most`)
    is none. Names that inner functions read are taken to be read everywhere.
    """

    def __init__(self, owner: ast.AST) -> None:
        self._behind: dict[ast.stmt, Names] = {}
        self._home: dict[ast.AST, ast.stmt] = {}
        self._binders: dict[str, set[ast.AST]] = {}
        body: list[ast.stmt] = getattr(owner, "body", [])
        own = list(own_nodes(owner))
        inner = [node for node in own if isinstance(node, (*_FUNCTIONS, ast.ClassDef))]
        shared = [name for node in own if isinstance(node, (ast.Global, ast.Nonlocal)) for name in node.names]
        self._everywhere = frozenset(shared).union(*(_free_names(node) for node in inner))
        for statement in (node for node in own if isinstance(node, ast.stmt)):
            of_comprehensions: set[ast.AST] = set()
            for part in _own_parts(statement):
                self._home[part] = statement
                if isinstance(part, ast.comprehension):
                    of_comprehensions.update(_flat(part.target))
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part not in of_comprehensions:
                    self._binders.setdefault(part.id, set()).add(statement)
        self._block(body, _NONE, _Ways())

    def behind(self, part: ast.AST) -> Behind | None:
        """What is read behind a part of the body, and in the rest of its statement where it is not all of it."""
        statement = self._home.get(part)
        if statement is None or statement not in self._behind:
            return None
        names = self._behind[statement] | self._everywhere
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Await):
            value = value.value
        if not isinstance(statement, (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return)) or value is not part:
            names |= frozenset().union(*(_reads(own, within=True) for own in _own_expressions(statement)))
        elif isinstance(statement, ast.Assign):
            names -= _bound(statement.targets)
        return Behind(names, frozenset(node for name in names for node in self._binders.get(name, ())))

    def _block(self, body: list[ast.stmt], after: Names, ways: _Ways) -> Names:
        for statement in reversed(body):
            after = after | ways.always
            self._behind[statement] = self._behind.get(statement, _NONE) | after
            after = self._before(statement, after, ways)
        return after

    def _before(self, node: ast.stmt, after: Names, ways: _Ways) -> Names:
        """The names read before a statement that are read in it, or behind it and not bound by it."""
        if isinstance(node, ast.If):
            return _reads(node.test) | self._block(node.body, after, ways) | self._block(node.orelse, after, ways)
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            return self._loop(node, after, ways)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            targets = [item.optional_vars for item in node.items if item.optional_vars is not None]
            inner = self._block(node.body, after, ways) - _bound(targets)
            return inner.union(*(_reads(item.context_expr) for item in node.items))
        if isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            return self._try(node, after, ways)  # type: ignore[arg-type]
        if isinstance(node, ast.Match):
            return (after | _reads(node.subject)).union(*(self._block(case.body, after, ways) for case in node.cases))
        if isinstance(node, (ast.Return, ast.Raise)):
            return ways.always | _reads(node)
        if isinstance(node, (ast.Break, ast.Continue)):
            return ways.always | (ways.at_break if isinstance(node, ast.Break) else ways.at_continue)
        if isinstance(node, ast.Assign):
            return (after - _bound(node.targets)).union(_reads(node.value), *(_reads(t) for t in node.targets))
        if isinstance(node, ast.AnnAssign):
            return ((after - _bound([node.target])) | _reads(node)) if node.value is not None else after
        if isinstance(node, ast.AugAssign):
            return after | _reads(node) | _bound([node.target])
        if isinstance(node, ast.Delete):
            return after.difference(name.id for name in node.targets if isinstance(name, ast.Name)) | _reads(node)
        if isinstance(node, _DEFINITIONS):
            return after - {node.name}
        return after | _reads(node)

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While, after: Names, ways: _Ways) -> Names:
        done = self._block(node.orelse, after, ways)
        head = done
        while True:
            inner = self._block(node.body, head, _Ways(after, head, ways.always))
            inner = _reads(node.test) | inner if isinstance(node, ast.While) else inner - _bound([node.target])
            if inner <= head:
                break
            head |= inner
        return head if isinstance(node, ast.While) else head | _reads(node.iter)

    def _try(self, node: ast.Try, after: Names, ways: _Ways) -> Names:
        last = self._block(node.finalbody, after, ways)
        caught = last.union(*(self._block(handler.body, last, ways) for handler in node.handlers))
        # Control may leave from any statement in it.
        within = ways._replace(always=ways.always | caught)
        return self._block(node.body, self._block(node.orelse, last, within), within)


def _own_expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a statement that are no statements, handlers or cases with statements of their own."""
    for child in children(statement):
        if not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield child


def _own_parts(statement: ast.stmt) -> Iterator[ast.AST]:
    todo = list(_own_expressions(statement))
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, _FUNCTIONS):
            todo.extend(children(node))


def _bound(targets: list[ast.expr]) -> Names:
    """The names that targets bind."""
    parts = [part for target in targets for part in _flat(target)]
    return frozenset(part.id for part in parts if isinstance(part, ast.Name))


def _flat(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        for item in target.elts:
            yield from _flat(item)
    else:
        yield target.value if isinstance(target, ast.Starred) else target


def _free_names(node: ast.AST) -> Names:
    """The names that a function (or a class) defined within another takes from around it."""
    if not isinstance(node, _FUNCTIONS):
        return _reads(node)
    taken = [*node.args.defaults, *(default for default in node.args.kw_defaults if default is not None)]
    taken += [] if isinstance(node, ast.Lambda) else node.decorator_list
    return (_reads(node) - names_of_its_own(node)).union(*(_reads(part) for part in taken))


def names_of_its_own(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Names:
    """A function's parameters and the names that it binds for itself alone."""
    spec = node.args
    bound = {item.arg for item in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs, spec.vararg, spec.kwarg) if item}
    own = [] if isinstance(node, ast.Lambda) else list(own_nodes(node))
    of_comprehensions = {name for part in own if isinstance(part, ast.comprehension) for name in _flat(part.target)}
    stores = (part for part in own if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    bound.update(part.id for part in stores if part not in of_comprehensions)
    return frozenset(bound).difference(
        *(part.names for part in own if isinstance(part, (ast.Global, ast.Nonlocal)))
    )


def _reads_of_comprehension(node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> Names:
    """Its names without those that it binds for itself; what it runs over first is read outside of it."""
    own = _bound([generator.target for generator in node.generators])
    found = frozenset[str]().union(*(_reads(child) for child in children(node)))
    return (found - own) | _reads(node.generators[0].iter)


def _reads(node: ast.AST, *, within: bool = False) -> Names:
    """The names that are read for more than a number to show; `within` also those that comprehensions bind."""
    found: set[str] = set()
    shown: set[ast.AST] = set()
    todo = [node]
    while todo:
        part = todo.pop()
        if isinstance(part, _COMPREHENSIONS) and not within:
            found |= _reads_of_comprehension(part)
            continue
        shown.update(shown_in(part))
        if isinstance(part, ast.Compare) and isinstance(part.ops[0], (ast.Is, ast.IsNot)):
            shown.add(part.left)
        elif isinstance(part, ast.Compare) and all(isinstance(op, _COMPARING) for op in part.ops):
            shown.update((part.left, *part.comparators))
        elif isinstance(part, ast.BinOp) and part in shown:
            shown.update((part.left, part.right))
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load) and part not in shown:
            found.add(part.id)
        todo.extend(children(part))
    return frozenset(found)
