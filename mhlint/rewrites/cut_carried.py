"""`.detach()` where a value with a graph is carried from turn to turn."""

from __future__ import annotations

import ast

from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites.improvement import improves
from mhlint.rewrites.layout import CannotEdit, Layout, loops_around
from mhlint.rewrites.names import loads
from mhlint.rewrites.scene import Scene

_MOST_TRIED = 8
_ONE, _PAIR = "{0} = {0}.detach()", "{0} = tuple(state.detach() for state in {0})"


def fix(scene: Scene, finding: Finding) -> Fix | None:
    """Detach what is carried, behind the walk or at the end of the turn: history then ends there."""
    layout = scene.layout
    walk = next(
        (
            node
            for node in ast.walk(scene.program.tree)
            if isinstance(node, ast.Call) and scene.program.place(node) == finding.place
        ),
        None,
    )
    if walk is None:
        return None
    statement = layout.statement(walk)
    loops = loops_around(layout, walk)
    body = loops[0].body if loops else getattr(layout.scope(walk), "body", [])
    if not isinstance(body, list):
        return None
    for name in _carried(layout, body):
        for form in (_PAIR,) if _is_pair(layout, name) else (_ONE,):
            line = form.format(name)
            for behind in dict.fromkeys([statement, body[-1]]):
                try:
                    edits: tuple[Edit, ...] = (layout.insert_after(behind, line),)
                except CannotEdit:
                    continue
                if improves(scene, finding, edits):
                    return Fix(Applicability.UNSAFE, _message(name), edits)
    return _where_it_is_made(scene, finding)


def _message(name: str) -> str:
    return f"Detach `{name}` in each turn; this cuts back-propagation through time there"


def _where_it_is_made(scene: Scene, finding: Finding) -> Fix | None:
    """`self.state = self.cell(x, self.state)`, anywhere in the file: the old state goes in detached."""
    made = [
        node
        for node in ast.walk(scene.program.tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute)
    ]
    for statement in made[:_MOST_TRIED]:
        name = ast.unparse(statement.targets[0])
        if _starts_plain(scene, name):
            continue
        ends = [
            scene.program.place(part).end
            for part in ast.walk(statement.value)
            if isinstance(part, ast.Attribute)
            and isinstance(part.ctx, ast.Load)
            and ast.unparse(part) == name
        ]
        edits = tuple(Edit(".detach()", end, end) for end in ends)
        if edits and improves(scene, finding, edits):
            return Fix(Applicability.UNSAFE, _message(name), edits)
    return None


def _starts_plain(scene: Scene, name: str) -> bool:
    """Is an attribute a number at first? It has no `detach` then."""
    attribute = name.rpartition(".")[2]
    return any(
        isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, (int, float))
        and any(ast.unparse(target).rpartition(".")[2] == attribute for target in node.targets)
        for node in ast.walk(scene.program.tree)
    )


def _is_pair(layout: Layout, name: str) -> bool:
    """Does a name hold a tuple of states, as an LSTM's does?"""
    for node in ast.walk(layout.program.tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if ast.unparse(target) == name and isinstance(node.value, (ast.Tuple, ast.List)):
                    return True
                if (
                    isinstance(target, ast.Tuple)
                    and len(target.elts) == 2
                    and ast.unparse(target.elts[1]) == name
                ):
                    if isinstance(node.value, ast.Call) and "lstm" in ast.unparse(node.value.func).lower():
                        return True
    return False


def _carried(layout: Layout, body: list[ast.stmt]) -> list[str]:
    """Names and attributes that a body reads and binds: candidates for what is carried."""
    found: list[str] = []
    for statement in body:
        for node in ast.walk(statement):
            name = ""
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and loads(body, node.id):
                name = node.id
            elif (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
            ):
                name = f"{node.value.id}.{node.attr}"
            if name and name not in found:
                found.append(name)
    return found[:_MOST_TRIED]
