"""Code that a walk runs: the backward of the program's own functions, and forwards that are checkpointed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mhlint.autograd.graph import Node
from mhlint.rewrites.groups import Group
from mhlint.rewrites.names import stored


def run_by_walks(group: Group, summed: bool) -> Iterator[str]:
    """Why that code may tell one walk from several: it runs once for all of them, or (`summed`) in another order."""
    shared = group.shared
    if any("checkpoint" in node.region for node in shared):
        # Each walk runs the region again (FACTS F64), running statistics and whatever else it changes with it.
        yield "the checkpointed forward runs again in each walk, and would then do so once"
    for node in shared:
        if name := _own_function(node):
            yield f"`{name}` has a backward of its own, which may not be linear"
    if not summed:
        return
    for walk in group.walks:
        for node in walk.walk.nodes.keys() - shared:
            if "checkpoint" in node.region:
                yield "checkpointed heads run again in the order of the walks"
            elif (name := _own_function(node)) and _leaves_traces(node):
                yield f"the backward of `{name}` would run in another order"


def _own_function(node: Node) -> str:
    made_by = node.site.node
    if isinstance(made_by, ast.Call) and isinstance(made_by.func, ast.Attribute) and made_by.func.attr == "apply":
        return ast.unparse(made_by.func)
    return ""


_LEAVING = ("print", "rand", "normal", "bernoulli", "dropout", "log", "append", "write", "shuffle", "sample", "update")


def _leaves_traces(node: Node) -> bool:
    """May a function's backward print, draw random numbers or keep something? What is not seen is taken not to."""
    name = _own_function(node).rpartition(".")[0].rpartition(".")[2]
    for cls in ast.walk(node.site.program.tree):
        if not (isinstance(cls, ast.ClassDef) and cls.name == name):
            continue
        for method in cls.body:
            if isinstance(method, ast.FunctionDef) and method.name == "backward":
                local = stored(method.body) | {part.arg for part in ast.walk(method) if isinstance(part, ast.arg)}
                return any(_is_trace(part, local) for part in ast.walk(method))
    return False


def _is_trace(node: ast.AST, local: set[str]) -> bool:
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).rpartition(".")[2].lower()
        return any(word in called for word in _LEAVING)
    if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
        return not (isinstance(node.value, ast.Name) and node.value.id in local)
    kept = isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)
    return kept or isinstance(node, (ast.Global, ast.Nonlocal))
