"""Names: where a scope binds and reads them, and which are free."""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Iterable, Iterator

from mhlint.rewrites.inner_scopes import captured, used_here
from mhlint.rewrites.layout import CannotEdit, Layout, Scope


def loads(nodes: Iterable[ast.AST], name: str) -> list[ast.Name]:
    """The places that read a name."""
    return [
        node
        for top in nodes
        for node in ast.walk(top)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def may_be_read_later(layout: Layout, loop: ast.For | ast.AsyncFor, name: str) -> bool:
    """Could what a loop leaves in its target be read behind it, or in the next turn of a loop around it?"""
    inside = set(ast.walk(loop))
    scope = layout.scope(loop)
    for use in loads([scope], name):
        if use in inside or _bound_by_comprehension(layout, use, name):
            continue
        if isinstance(scope, (ast.Module, ast.ClassDef)) and isinstance(layout.scope(use), ast.FunctionDef):
            return True
        if not _bound_before(layout, loop, use, name):
            return True
    return False


def _bound_by_comprehension(layout: Layout, use: ast.AST, name: str) -> bool:
    for item in layout.around(use):
        if isinstance(item, ast.stmt):
            return False
        if isinstance(item, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            if any(name in stored([clause.target]) for clause in item.generators[:-1]):
                return True
            last = item.generators[-1]
            if name in stored([last.target]) and use not in set(ast.walk(last.iter)):
                return True
    return False


def _bound_before(layout: Layout, loop: ast.stmt, use: ast.Name, name: str) -> bool:
    """Does a binding in the same block come before a use, and both after the loop around a loop has turned?"""
    holding = [loop, *layout.around(loop)]
    around = [item for item in holding[1:] if isinstance(item, (ast.For, ast.AsyncFor, ast.While))]
    chain = [layout.statement(use), *layout.around(layout.statement(use))]
    for item in chain:
        if not isinstance(item, ast.stmt) or item in around:
            return False
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            return False
        if isinstance(item, (ast.For, ast.AsyncFor)) and item is not chain[0] and name in stored([item.target]):
            return True
        block = layout.block(item)
        here = next(i for i, member in enumerate(block) if member is item)
        # A binding from before the loop is gone behind it.
        passed = [i + 1 for i, member in enumerate(block[:here]) if member in holding]
        before = block[passed[-1] if passed else 0 : here]
        if any(isinstance(member, ast.Assign) and _plainly(member, name) for member in before):
            return True
    return False


def _plainly(statement: ast.Assign, name: str) -> bool:
    return name in stored(statement.targets)


def stored(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that some statements bind or delete, and the attributes as `.name`."""
    found: set[str] = set()
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found.add(node.id)
            elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                found.add("." + node.attr)
            elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.alias):
                found.add((node.asname or node.name).partition(".")[0])
            elif (isinstance(node, ast.ExceptHandler) and node.name) or (
                isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name
            ):
                found.add(node.name)
            elif isinstance(node, ast.MatchMapping) and node.rest:
                found.add(node.rest)
    return found


def stored_here(nodes: Iterable[ast.AST]) -> set[str]:
    """What `stored` finds, without the names that functions and comprehensions inside have to themselves."""
    nodes = list(nodes)
    bound = [node for top in nodes for node in ast.walk(top) if isinstance(node, ast.Name)]
    named = {node.id for node in bound if not isinstance(node.ctx, ast.Load)}
    here = {use.id for use in used_here(nodes) if not isinstance(use.ctx, ast.Load)}
    return stored(nodes) - (named - here)


def changed_in_place(nodes: Iterable[ast.AST]) -> set[str]:
    """The names whose values some statements change: `x += y`, `x[0] = y`, `x.add_(y)`, `xs.append(y)`."""
    found: set[str] = set()
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.AugAssign):
                found |= _base(node.target)
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                found |= _base(node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                method = node.func.attr
                if method in _CHANGING or (method.endswith("_") and not method.endswith("__")):
                    found |= _base(node.func.value)
    return found


_CHANGING = frozenset(
    [
        "append",
        "extend",
        "insert",
        "pop",
        "popitem",
        "remove",
        "clear",
        "update",
        "setdefault",
        "sort",
        "reverse",
        "appendleft",
        "popleft",
    ]
)


def _base(node: ast.AST) -> set[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


def taken(layout: Layout) -> set[str]:
    """Every identifier that occurs in a program: a name outside of it is free in every scope."""
    found = set(keyword.kwlist) | set(dir(builtins))
    for node in ast.walk(layout.program.tree):
        for field in ("id", "attr", "name", "arg", "asname", "rest"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.add(value)
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(node.names)
    return found


def fresh_name(used: set[str], wanted: str) -> str:
    """A name that is not used, and is from now on."""
    name, number = wanted, 1
    while name in used:
        number += 1
        name = f"{wanted}_{number}"
    used.add(name)
    return name


def own(top: ast.AST) -> Iterator[ast.AST]:
    """The nodes under a statement, without those inside functions and classes defined there."""
    waiting = [top]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, Scope) or node is top:
            waiting.extend(ast.iter_child_nodes(node))


def escapes_to_inner_scopes(layout: Layout, scope: ast.AST, name: str) -> bool:
    """Is a name of a scope used by a function, lambda or class inside it (comprehensions are not), or not its own?"""
    if not isinstance(scope, ast.Module):
        for node in own(scope):
            if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
                return True
    body = getattr(scope, "body", [])
    if not isinstance(body, list):
        body = [body]
    return any(use.id == name for use in captured(body, isinstance(scope, ast.Module)))


def torch_autograd(layout: Layout) -> str:
    """How the program calls `torch.autograd`. Raises CannotEdit where it does not import it."""
    for node in layout.program.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "torch":
                    return f"{alias.asname or 'torch'}.autograd"
        if isinstance(node, ast.ImportFrom) and node.module == "torch":
            for alias in node.names:
                if alias.name == "autograd":
                    return alias.asname or "autograd"
    raise CannotEdit("torch is not imported as a module here")
