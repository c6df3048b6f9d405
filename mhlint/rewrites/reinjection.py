"""The trunk's one walk where it is missing or repeated; `retain_grad()` where a gradient is read that is not kept."""

from __future__ import annotations

import ast

from mhlint.findings import Applicability, Edit, Finding, Fix
from mhlint.rewrites.improvement import improves
from mhlint.rewrites.layout import Layout, loops_around
from mhlint.rewrites.names import loads, stored
from mhlint.rewrites.scene import Scene


def node_at(scene: Scene, finding: Finding) -> ast.AST | None:
    """The expression that a finding stands at, or the statement."""
    found = [
        node
        for node in ast.walk(scene.program.tree)
        if hasattr(node, "lineno") and scene.program.place(node) == finding.place
    ]
    return next((node for node in found if isinstance(node, ast.expr)), found[0] if found else None)


def add_missing(scene: Scene, finding: Finding) -> Fix | None:
    """MHL301: send the boundary's gradient on behind the last statement that walks."""
    layout = scene.layout
    node = node_at(scene, finding)
    if node is None:
        return None
    statement = layout.statement(node)
    if not (isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)):
        return None
    boundary = statement.targets[0].id
    trunk = next((part for part in ast.walk(statement.value) if isinstance(part, ast.Name)), None)
    if trunk is None:
        return None
    block = layout.block(statement)
    index = next(i for i, item in enumerate(block) if item is statement)
    walks = [item for item in block[index + 1 :] if _walks(item)]
    if not walks or trunk.id in stored(block[index:]):
        return None
    edits = (layout.insert_after(walks[-1], f"{trunk.id}.backward(gradient={boundary}.grad)"),)
    if not improves(scene, finding, edits):
        return None
    text = f"Send the gradient of `{boundary}` on through `{trunk.id}`; this assumes that the trunk is meant to train"
    return Fix(Applicability.UNSAFE, text, edits)


def _walks(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and "backward" in node.func.attr
        for node in ast.walk(statement)
    )


def move_out_of_loop(scene: Scene, finding: Finding) -> Fix | None:
    """MHL302: move the trunk's walk behind the loop over the heads."""
    layout = scene.layout
    node = node_at(scene, finding)
    if node is None:
        return None
    statement = layout.statement(node)
    loops = loops_around(layout, statement)
    if not loops or len(layout.block(statement)) < 2:
        return None
    from mhlint.rewrites.walk_calls import without_retain

    text = without_retain(layout.text(node)) if isinstance(node, ast.Call) else layout.text(node)
    for loop in loops:
        edits: tuple[Edit, ...] = (*layout.delete(statement), layout.insert_after(loop, text))
        if "\n" not in text and improves(scene, finding, edits):
            message = "Move the trunk's walk behind the loop: each head's gradient is then sent on once"
            return Fix(Applicability.UNSAFE, message, edits)
    return None


def keep_gradient(scene: Scene, finding: Finding) -> Fix | None:
    """MHL304: ask for the gradient where the tensor is made."""
    layout = scene.layout
    node = node_at(scene, finding)
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)):
        return None
    name, statement = node.value.id, layout.statement(node)
    for block in _blocks(layout, statement):
        index = next((i for i, item in enumerate(block) if statement in set(ast.walk(item))), None)
        bound = [item for item in block[:index] if name in stored([item])]
        if not bound:
            continue
        edits = (layout.insert_after(bound[-1], f"{name}.retain_grad()"),)
        if not isinstance(bound[-1], (ast.Assign, ast.AnnAssign)) or not improves(scene, finding, edits):
            return None
        text = f"Let `{name}` keep its gradient: what is read is then a tensor in place of None"
        return Fix(Applicability.UNSAFE, text, edits)
    return None


def clear_sent(scene: Scene, finding: Finding) -> Fix | None:
    """MHL303: clear the boundary's gradient once it is sent on."""
    layout = scene.layout
    node = node_at(scene, finding)
    if not isinstance(node, ast.Call):
        return None
    statement = layout.statement(node)
    sent = [
        part.value.id
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute) and part.attr == "grad" and isinstance(part.value, ast.Name)
    ]
    if not sent or not isinstance(statement, ast.Expr):
        return None
    edits = (layout.insert_after(statement, *(f"{name}.grad = None" for name in sent)),)
    if not improves(scene, finding, edits):
        return None
    names = " and ".join(f"`{name}`" for name in sent)
    text = f"Clear the gradient of {names} once it is sent; this assumes that each step is to send its own alone"
    return Fix(Applicability.UNSAFE, text, edits)


def _blocks(layout: Layout, statement: ast.stmt) -> list[list[ast.stmt]]:
    chain = [statement, *(item for item in layout.around(statement) if isinstance(item, ast.stmt))]
    return [layout.block(item) for item in chain]


def require_grad(scene: Scene, finding: Finding) -> Fix | None:
    """MHL104: let the boundary require grad where it is detached."""
    layout = scene.layout
    for node in ast.walk(scene.program.tree):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "detach"
        ):
            continue
        statement = layout.statement(node)
        if isinstance(statement, ast.Assign) and statement.value is node:
            end = scene.program.place(node).end
            edits = (Edit(".requires_grad_()", end, end),)
            if improves(scene, finding, edits):
                name = ast.unparse(statement.targets[0])
                return Fix(
                    Applicability.UNSAFE,
                    f"Let `{name}` require grad, so that the heads' walks fill its gradient",
                    edits,
                )
    return _own_gradient(scene, finding)


def _own_gradient(scene: Scene, finding: Finding) -> Fix | None:
    """`z.backward(z.grad)` means the gradient of the detached copy."""
    layout = scene.layout
    node = node_at(scene, finding)
    if not isinstance(node, ast.Call):
        return None
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute) and part.attr == "grad" and isinstance(part.value, ast.Name):
            for other in _detached_from(layout, part.value.id):
                edits = (layout.replace(part.value, other),)
                if improves(scene, finding, edits):
                    return Fix(
                        Applicability.UNSAFE, f"Pass the gradient of `{other}`, which the heads fill", edits
                    )
    return None


def _detached_from(layout: Layout, name: str) -> list[str]:
    return [
        node.targets[0].id
        for node in ast.walk(layout.program.tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and "detach" in ast.unparse(node.value)
        and loads([node.value], name)
    ]
