"""One walk of all the losses that a loop, or a comprehension made for its walks alone, goes through."""

from __future__ import annotations

import ast

from mhlint.rewrites.around_step import kept_afterwards, surely_runs
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Step
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, may_be_read_later, stored
from mhlint.rewrites.walk_calls import WalkCall, with_loss, without_retain


def as_loop(statement: ast.stmt) -> ast.stmt:
    """`[loss.backward() for loss in losses]`, made for its walks alone, is a loop over the losses."""
    made = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(made, (ast.ListComp, ast.SetComp)) and len(made.generators) == 1:
        clause = made.generators[0]
        if not clause.ifs and not clause.is_async:
            body: list[ast.stmt] = [ast.copy_location(ast.Expr(made.elt), made.elt)]
            return ast.copy_location(ast.For(clause.target, clause.iter, body, []), statement)
    return statement


def over_a_list(layout: Layout, step: Step, walk: WalkCall, loop: ast.For) -> Draft | None:
    """`for loss in losses: loss.backward(...)` and its kin, whose body does nothing else."""
    if isinstance(loop, ast.AsyncFor) or walk.listed:
        return None
    statement = step.statements[0]
    targets = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    in_brackets = loop is not statement
    alone = in_brackets or (len(loop.body) == 1 and layout.statement(walk.call) is loop.body[0])
    scope = layout.scope(statement)
    leaked = not in_brackets and any(may_be_read_later(layout, loop, name) for name in targets)
    sure = surely_runs(layout, step)
    items = _items(layout, walk, loop)
    if not alone or leaked:
        if items is None or not isinstance(loop.iter, (ast.Name, ast.Call)):
            return None
        source = _source_name(loop)
        if source is None or source in stored(loop.body) | changed_in_place(loop.body):
            return None
        if not _holds_a_list(layout, scope, source) or layout.statement(walk.call) not in loop.body:
            return None
        if len(loop.body) < 2:
            return None
        text = _walk_of(layout, step, walk, items, sure)
        return (
            Draft((*layout.delete(layout.statement(walk.call)), layout.insert_after(loop, text)))
            if text
            else None
        )
    listed = items if items is not None else _comprehension(layout, walk, loop)
    if listed is None:
        return None
    text = _walk_of(layout, step, walk, listed, sure)
    if not text:
        return None
    layout.indent(statement)
    if "#" in layout.text(statement):
        return None
    return Draft((layout.replace(statement, text),))


def _walk_of(layout: Layout, step: Step, walk: WalkCall, items: str, sure: bool) -> str:
    """One walk of all items of a list, a dict's values or a comprehension."""
    if sure:
        bare = items[1:-1] if items.startswith("[") and items.endswith("]") and " for " in items else items
        return retaining_as_needed(step, walk, with_loss(layout, walk, f"sum({bare})"))
    # The function has another word for what the method calls `gradient`.
    named = any(keyword.arg == "gradient" for keyword in walk.call.keywords)
    if walk.method and walk.scaled is None and not named and _imports_torch(layout):
        text = retaining_as_needed(step, walk, with_loss(layout, walk, "x"))
        rest = text[len("x.backward(") : -1]
        return f"torch.autograd.backward({items}{', ' + rest if rest else ''})"
    return ""


def _imports_torch(layout: Layout) -> bool:
    return any(
        isinstance(node, ast.Import)
        and any(alias.name == "torch" and not alias.asname for alias in node.names)
        for node in layout.program.tree.body
    )


def _items(layout: Layout, walk: WalkCall, loop: ast.For) -> str | None:
    """The list whose items the loop walks, where the loss is the item itself."""
    text, target, loss = layout.text(loop.iter), loop.target, walk.loss
    if isinstance(target, ast.Name):
        if isinstance(loss, ast.Name) and loss.id == target.id:
            return text
        counted = _called(loop.iter, "range")
        if counted is not None and isinstance(loss, ast.Subscript) and ast.unparse(loss.slice) == target.id:
            if ast.unparse(counted) == f"len({ast.unparse(loss.value)})":
                return layout.text(loss.value)
        return None
    if not (isinstance(target, ast.Tuple) and len(target.elts) == 2 and isinstance(loss, ast.Name)):
        return None
    second = target.elts[1]
    if not (isinstance(second, ast.Name) and second.id == loss.id):
        return None
    counted = _called(loop.iter, "enumerate")
    if counted is not None:
        return layout.text(counted)
    if (
        isinstance(loop.iter, ast.Call)
        and isinstance(loop.iter.func, ast.Attribute)
        and loop.iter.func.attr == "items"
    ):
        return f"{layout.text(loop.iter.func.value)}.values()" if not loop.iter.args else None
    return None


def _called(node: ast.expr, name: str) -> ast.expr | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
        return node.args[0] if len(node.args) == 1 else None
    return None


def _source_name(loop: ast.For) -> str | None:
    """The name of the list or dict that a loop goes over."""
    node: ast.expr = loop.iter
    if isinstance(node, ast.Call):
        inner = _called(node, "enumerate")
        if inner is not None:
            node = inner
        elif isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "values") and not node.args:
            node = node.func.value
    return node.id if isinstance(node, ast.Name) else None


def _holds_a_list(layout: Layout, scope: ast.AST, name: str) -> bool:
    """Is a name bound to lists and dicts only, which can be gone through twice?"""
    values = [
        node.value
        for node in ast.walk(scope)
        if isinstance(node, ast.Assign)
        and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    ]
    bindings = sum(
        isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
        for node in ast.walk(scope)
    )
    kinds = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Tuple)
    return bool(values) and bindings == len(values) and all(isinstance(value, kinds) for value in values)


def _comprehension(layout: Layout, walk: WalkCall, loop: ast.For) -> str | None:
    loss = layout.text(walk.loss)
    if "\n" in loss or any(isinstance(node, (ast.NamedExpr, ast.Await)) for node in ast.walk(walk.loss)):
        return None
    if isinstance(layout.scope(walk.call), ast.ClassDef):
        return None
    return f"[{loss} for {layout.text(loop.target)} in {layout.text(loop.iter)}]"


def retaining_as_needed(step: Step, walk: WalkCall, text: str) -> str:
    """The call's text with its flag only where something walks on behind the step."""
    if kept_afterwards(step):
        given = [keyword.value for keyword in walk.call.keywords if keyword.arg == "retain_graph"]
        if given and isinstance(given[0], ast.Constant):
            return text
        if given or walk.call.args:
            raise CannotEdit("the graph may be needed again behind the last walk")
    return without_retain(text)


