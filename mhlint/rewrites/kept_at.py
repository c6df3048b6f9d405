"""Where a tensor is kept: in a name, or at a path from one, as `self.z`, `out.features` or `cache["z"]`."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache

from mhlint.rewrites.groups import Step
from mhlint.rewrites.inner_scopes import used_here
from mhlint.rewrites.names import changed_in_place, stored

_MOST_PATHS = 16


def reads(nodes: Iterable[ast.AST], path: str) -> list[ast.expr]:
    """The places that read a path, as Python writes it."""
    if path.isidentifier():
        return [use for use in used_here(nodes) if use.id == path and isinstance(use.ctx, ast.Load)]
    kind = ast.Subscript if path.endswith("]") else ast.Attribute
    return [node for node in _loads(nodes) if isinstance(node, kind) and ast.unparse(node) == path]


def _loads(nodes: Iterable[ast.AST]) -> list[ast.expr]:
    return [node for top in nodes for node in _loads_in(top)]


@lru_cache(maxsize=4096)
def _loads_in(top: ast.AST) -> tuple[ast.expr, ...]:
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    return tuple(node for node in ast.walk(top) if isinstance(node, kinds) and isinstance(node.ctx, ast.Load))


def starts_of_paths(step: Step) -> dict[str, int]:
    """The paths that a step reads and does not bind, and where a detached copy can take their place."""
    first = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    end = first + len(step.statements)
    starts: dict[str, int] = {}
    for path in _paths_read(step.block[:end])[:_MOST_PATHS]:
        binding = [i for i, statement in enumerate(step.block[:first]) if is_bound([statement], path)]
        reading = [i for i, statement in enumerate(step.block[:end]) if reads([statement], path)]
        start = binding[-1] + 1 if binding else min(reading[0], first)
        if reading[-1] >= start and not is_bound(step.statements, path):
            starts[path] = start
    return starts


def _paths_read(nodes: Iterable[ast.stmt]) -> list[str]:
    """The longest paths that some statements read, without the functions that they call."""
    nodes = list(nodes)
    called = {id(node.func) for top in nodes for node in ast.walk(top) if isinstance(node, ast.Call)}
    inside = {id(node.value) for node in _loads(nodes) if isinstance(node, (ast.Attribute, ast.Subscript))}
    found = [
        ast.unparse(node)
        for node in _loads(nodes)
        if not isinstance(node, ast.Name) and root(node) and id(node) not in called
    ]
    holders = {
        ast.unparse(node.value)
        for node in _loads(nodes)
        if isinstance(node, (ast.Attribute, ast.Subscript)) and id(node) not in called and id(node.value) in inside
    }
    return [path for path in dict.fromkeys(found) if path not in holders]


def root(node: ast.expr) -> str:
    """The name that a path starts from; "" for what is no path."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
            return ""
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def root_of(path: str) -> str:
    """The name that a path starts from, given its text."""
    return path if path.isidentifier() else root(ast.parse(path, mode="eval").body)


def is_bound(nodes: Iterable[ast.AST], path: str) -> bool:
    """Do some statements bind a path anew, or change what it leads to, as far as their own text says?"""
    nodes = list(nodes)
    if path.isidentifier():
        return path in stored(nodes) | changed_in_place(nodes)
    return root_of(path) in stored(nodes) or any(
        path == text or path.startswith((f"{text}.", f"{text}[")) for text in _written(nodes)
    )


def _written(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What some statements bind or change: attributes and items, and the owners of methods that change them."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
                yield ast.unparse(node if root(node) else node.value)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and changed_in_place([node]):
                yield ast.unparse(node.func.value)


def short_name(path: str) -> str:
    """What the tensor at a path can be called: by the last word of it."""
    if path.isidentifier():
        return path
    node = ast.parse(path, mode="eval").body
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute):
            return node.attr
        if isinstance(node.slice, ast.Constant) and str(node.slice.value).isidentifier():
            return str(node.slice.value)
        node = node.value
    return node.id if isinstance(node, ast.Name) else "boundary"
