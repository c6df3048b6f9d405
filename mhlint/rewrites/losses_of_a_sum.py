"""The losses that a walk's root adds up, each with the statement behind which it is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mhlint.findings import Edit
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, fresh_name, loads, stored, taken
from mhlint.rewrites.walk_calls import WalkCall


@dataclass(frozen=True)
class Term:
    """One loss with its weight: its text, and the statement behind which it can be walked (None: at the walk)."""

    text: str
    behind: ast.stmt | None


@dataclass(frozen=True)
class TakenApart:
    """The losses in the order in which they are there; `at` is the statement that walks their sum.

    `edits` give losses names and take out what was there for the sum alone; with `in_loop` the one loss is made, and is
    to be walked, in each turn of a loop, and the walk of the sum is among what is taken out.
    """

    at: ast.stmt
    terms: tuple[Term, ...]
    edits: tuple[Edit, ...]
    in_loop: bool


def taken_apart(layout: Layout, walk: WalkCall) -> TakenApart:
    """The losses of a walk. Raises CannotEdit where they are not written out, or are all made by one statement."""
    at = layout.statement(walk.call)
    if not isinstance(at, ast.Expr) or at.value is not walk.call:
        raise CannotEdit("the result of the walk is used")
    block = layout.block(at)
    before = block[: next(i for i, item in enumerate(block) if item is at)]
    root, name = walk.loss, ""
    if isinstance(root, ast.Call) and ast.unparse(root.func) == "sum" and len(root.args) == 1 and not root.keywords:
        root = root.args[0]
    if isinstance(root, ast.Name):
        name = root.id
        looped = _in_loop(layout, before, at, name)
        if looped is not None:
            return looped
        bound = [item for item in before if name in stored([item])]
        if not bound or not isinstance(bound[-1], ast.Assign) or len(bound[-1].targets) != 1:
            raise CannotEdit("the losses of the sum are not written out")
        root = bound[-1].value
        if isinstance(root, ast.Call) and ast.unparse(root.func) == "sum" and len(root.args) == 1:
            root = root.args[0]
    parts = list(_parts(root))
    if len(parts) < 2:
        raise CannotEdit("the losses of the sum are not written out")
    terms = sorted(((_behind(before, part), part) for part in parts), key=lambda pair: pair[0])
    if name and any(not isinstance(node, (ast.Name, ast.Constant, ast.BinOp, ast.operator, ast.expr_context))
                    for part in parts for node in ast.walk(part)):
        raise CannotEdit("a loss of the sum has no name")
    if len({index for index, part in terms}) == 1 and terms[0][0] >= 0:
        raise CannotEdit("all losses are made by one statement")
    edits = layout.delete(bound[-1]) if name and len(loads([layout.program.tree], name)) == 1 else []
    texts = [Term(_text(layout, part), before[index] if index >= 0 else None) for index, part in terms]
    return TakenApart(at, tuple(texts), tuple(edits), False)


def _text(layout: Layout, part: ast.expr) -> str:
    text = layout.text(part)
    if "\n" in text:
        raise CannotEdit("a loss of the sum fills several lines")
    return text


def _parts(root: ast.expr) -> Iterator[ast.expr]:
    if isinstance(root, (ast.List, ast.Tuple)):
        for item in root.elts:
            if isinstance(item, ast.Starred):
                raise CannotEdit("the losses of the sum are not written out")
            yield item
    elif isinstance(root, ast.BinOp) and isinstance(root.op, ast.Add):
        yield from _parts(root.left)
        yield from _parts(root.right)
    else:
        yield root


def _behind(before: list[ast.stmt], part: ast.expr) -> int:
    """The index of the statement behind which what a loss reads is there; -1 for a loss that is made in the sum."""
    if any(isinstance(node, ast.Call) for node in ast.walk(part)):
        return -1
    names = {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
    binding = [i for i, item in enumerate(before) if names & (stored([item]) | changed_in_place([item]))]
    if not binding:
        raise CannotEdit("a loss of the sum is made elsewhere")
    return binding[-1]


def _in_loop(layout: Layout, before: list[ast.stmt], at: ast.stmt, name: str) -> TakenApart | None:
    """`for ...: total += loss` or `losses.append(loss)`, and a walk of the sum behind the loop."""
    loops = [item for item in before if isinstance(item, ast.For) and _added(item, name)]
    if len(loops) != 1:
        return None
    (loop,) = loops
    added = _added(loop, name)
    others = [item for item in before if item is not loop and name in stored([item]) | changed_in_place([item])]
    if len(added) != 1 or len(others) != 1 or not _is_empty(others[0]):
        raise CannotEdit("the sum is made in more than one place")
    ((statement, loss),) = added
    if not any(statement is item for item in loop.body):
        raise CannotEdit("a loss is added under a condition")
    edits = layout.delete(at)
    text = _text(layout, loss)
    reading = len(loads([layout.program.tree], name))
    own = len(loads([statement], name))
    behind = statement
    if any(isinstance(node, ast.Call) for node in ast.walk(loss)):
        fresh = fresh_name(taken(layout), "loss" if "loss" not in taken(layout) else "head_loss")
        edits += [layout.insert_before(statement, f"{fresh} = {text}"), layout.replace(loss, fresh)]
        text = fresh
    elif reading == own + 1 and behind is not loop.body[0]:
        # Nothing reads the sum but its walk.
        edits += [*layout.delete(others[0]), *layout.delete(statement)]
        behind = loop.body[next(i for i, item in enumerate(loop.body) if item is statement) - 1]
    return TakenApart(at, (Term(text, behind),), tuple(edits), True)


def _is_empty(statement: ast.stmt) -> bool:
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    value = statement.value
    return (isinstance(value, ast.Constant) and value.value == 0) or (isinstance(value, ast.List) and not value.elts)


def _added(loop: ast.For, name: str) -> list[tuple[ast.stmt, ast.expr]]:
    """The statements of a loop that add a loss to a sum or a list."""
    found: list[tuple[ast.stmt, ast.expr]] = []
    for node in ast.walk(loop):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and ast.unparse(node.target) == name:
            found.append((node, node.value))
        elif isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]:
            value = node.value
            if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add) and ast.unparse(value.left) == name:
                found.append((node, value.right))
            else:
                raise CannotEdit("the sum is made in more than one place")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            call = node.value
            if ast.unparse(call.func) == f"{name}.append" and len(call.args) == 1 and not call.keywords:
                found.append((node, call.args[0]))
    return found
