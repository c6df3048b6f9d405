"""Move a stretch of a step into a function or method of its own, without changing what it does."""

from __future__ import annotations

import ast
from typing import NamedTuple

from .draft import Draft, indent

MARK = "PERSISTENT_"
GLOBAL = {
    "torch",
    "nn",
    "F",
    "itertools",
    "range",
    "len",
    "print",
    "float",
    "sum",
    "list",
    "tuple",
    "enumerate",
    "zip",
    "str",
}


class _Stretch(NamedTuple):
    """The first line and the line after the last, what goes in and what comes out."""

    first: int
    last: int
    parameters: list[str]
    results: list[str]


def extract(draft: Draft, step: list[str], known: set[str], in_class: bool) -> tuple[list[str], list[str]]:
    """The step with some top-level statements replaced by a call, and the definition of what is called.

    `known` are the names of the module. If the stretch leaves the step, nothing is moved.
    `in_class`: the definition is a method; else it takes the persistent objects that it uses as arguments.
    """
    text = "\n".join(step).replace("§", MARK).replace("¤", "raise LeaveStep")
    statements = ast.parse(text).body
    if len(statements) < 3:
        return step, []
    start = draft.rng.randrange(0, len(statements) - 1)
    end = draft.rng.randrange(start + 1, min(len(statements), start + 5) + 1)
    chunk, rest = statements[start:end], statements[end:]
    if any(
        isinstance(node, (ast.Raise, ast.Return, ast.FunctionDef)) for one in chunk for node in ast.walk(one)
    ):
        return step, []
    stored, loaded = _names(chunk, ast.Store), _names(chunk, ast.Load)
    if any(name.startswith(MARK) for name in stored):
        return step, []
    before = _names(statements[:start], ast.Store) | {"x", "y", "step"}
    results = [name for name in stored if name in _names(rest, ast.Load)]
    known = known | GLOBAL
    inputs = [name for name in loaded | stored if name in before - known and not name.startswith(MARK)]
    if any(name in before and name not in inputs for name in results):
        return step, []
    objects = sorted(name for name in loaded if name.startswith(MARK))
    draft.note("extracted " + ("method" if in_class else "function"))
    parameters = [*([] if in_class else objects), *sorted(inputs)]
    stretch = _Stretch(chunk[0].lineno - 1, chunk[-1].end_lineno or 0, parameters, sorted(results))
    return _rewritten(draft, text.split("\n"), stretch, in_class)


def _rewritten(
    draft: Draft, lines: list[str], stretch: _Stretch, in_class: bool
) -> tuple[list[str], list[str]]:
    first, last, parameters, results = stretch
    name = draft.fresh("part", "forward_pass", "update", "losses_of", "inner")
    body = lines[first:last]
    if results:
        body = [*body, f"return {', '.join(results)}"]
    target = f"{', '.join(results)} = " if results else ""
    call = f"{target}{'self.' if in_class else ''}{name}({', '.join(parameters)})"
    header = f"def {name}({', '.join(['self', *parameters] if in_class else parameters)}):"
    definition = [header, *indent(body)]
    if not in_class:
        definition = [line.replace(MARK, "") for line in definition]
    else:
        definition = _marked(definition)
    return _marked([*lines[:first], call, *lines[last:]]), definition


def _marked(lines: list[str]) -> list[str]:
    return [line.replace(MARK, "§").replace("raise LeaveStep", "¤") for line in lines]


def _names(statements: list[ast.stmt], context: type[ast.expr_context]) -> set[str]:
    """The names that are stored or loaded; the target of `+=` is both, an inner function is stored."""
    nodes = [node for one in statements for node in ast.walk(one)]
    targets = [node.target for node in nodes if isinstance(node, ast.comprehension)]
    inner = {id(node) for target in targets for node in ast.walk(target)}
    names = {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, context) and id(node) not in inner
    }
    if context is ast.Store:
        names |= {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    return names | {
        node.target.id
        for node in nodes
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
