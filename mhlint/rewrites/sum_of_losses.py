"""One walk of the summed losses in place of a walk for each."""

from __future__ import annotations

import ast

from mhlint.findings import Edit
from mhlint.rewrites.around_step import kept_afterwards, surely_runs
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Step
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, fresh_name, loads, stored, taken
from mhlint.rewrites.walk_calls import WalkCall, standing_alone, walk_call, with_loss, without_retain


def draft(layout: Layout, step: Step) -> Draft:
    """The edits that sum the losses of a step. Raises CannotEdit with the reason where that cannot be written."""
    walks = [walk_call(layout, call, step.api_of[call]) for call in step.calls]
    if len({_skeleton(layout, walk) for walk in walks}) != 1:
        raise CannotEdit("the losses are walked in different ways")
    for walk in walks:
        if not isinstance(layout.parents[walk.call], ast.Expr):
            raise CannotEdit("the result of a walk is used")
    statements = [layout.statement(walk.call) for walk in walks]
    if len(walks) > 1 and all(any(s is member for member in step.block) for s in statements):
        return _side_by_side(layout, step, walks, statements)
    loop = step.statements[0]
    if len(walks) == 1 and len(step.statements) == 1 and isinstance(loop, ast.For):
        made = _over_a_list(layout, step, walks[0], loop)
        if made is not None:
            return made
    return _collected(layout, step, walks, statements)


def _skeleton(layout: Layout, walk: WalkCall) -> str:
    """The call without its loss and its flag: the same for losses that can be summed."""
    keywords = [
        ast.unparse(k) for k in walk.call.keywords if k.arg not in ("retain_graph", "loss", "tensors")
    ]
    func = "" if walk.method else ast.unparse(walk.call.func)
    scaler = ast.unparse(walk.scaled.func) if walk.scaled is not None else ""
    return "|".join([func, scaler, str(walk.listed), *keywords])


def _side_by_side(layout: Layout, step: Step, walks: list[WalkCall], statements: list[ast.stmt]) -> Draft:
    edits: list[Edit] = []
    terms: list[str] = []
    gone: list[ast.stmt] = []
    used = taken(layout)
    for walk, statement in zip(walks[:-1], statements[:-1], strict=True):
        position = next(i for i, item in enumerate(step.statements) if item is statement)
        between = step.statements[position + 1 :]
        elements = _elements(step, walk)
        if all(_is_stable(element, between) for element in elements):
            terms += [_term(layout, element) for element in elements]
            gone.append(statement)
        elif len(elements) == 1 and not walk.listed:
            name = fresh_name(used, "loss")
            terms.append(name)
            edits.append(layout.replace(statement, f"{name} = {_bare(layout, walk)}"))
        else:
            raise CannotEdit("a loss is bound to something else before the last walk")
    last = walks[-1]
    own = [_term(layout, element) for element in _elements(step, last)]
    text = with_loss(layout, last, _joined(last, [*terms, *own]))
    edits += layout.delete(*gone)
    edits.append(layout.replace(last.call, _retaining_as_needed(step, last, text)))
    return Draft(tuple(edits))


def _elements(step: Step, walk: WalkCall) -> list[ast.expr]:
    if walk.listed and isinstance(walk.loss, (ast.List, ast.Tuple)):
        return list(walk.loss.elts)
    if walk.listed:
        roots = {
            len(event.roots)
            for group in step.groups
            for event in group.walks
            if event.site.row == walk.call.lineno
            and event.site.place.start.column == walk.call.col_offset + 1
        }
        if roots != {1} or isinstance(
            walk.loss, (ast.ListComp, ast.GeneratorExp, ast.Starred, ast.Attribute)
        ):
            raise CannotEdit("the list of losses is not written out")
    return [walk.loss]


def _joined(walk: WalkCall, terms: list[str]) -> str:
    return f"[{', '.join(terms)}]" if walk.listed else " + ".join(terms)


def _term(layout: Layout, node: ast.expr) -> str:
    text = layout.text(node)
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant))
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult, ast.Div, ast.MatMult)):
        simple = True
    return text if simple else f"({text})"


def _bare(layout: Layout, walk: WalkCall) -> str:
    return standing_alone(layout.text(walk.loss))


def _is_stable(node: ast.expr, between: tuple[ast.stmt, ...]) -> bool:
    """Does an expression mean the same tensor behind some statements as in front of them?"""
    if isinstance(node, ast.Name):
        return node.id not in stored(between) | changed_in_place(between)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if any(
            isinstance(part, ast.Call) and not _is_walk(part) for item in between for part in ast.walk(item)
        ):
            return False
        return not {node.value.id, "." + node.attr} & (stored(between) | changed_in_place(between))
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        constant = isinstance(node.slice, (ast.Constant, ast.Name))
        names = {node.value.id, getattr(node.slice, "id", "")}
        return constant and not names & (stored(between) | changed_in_place(between))
    return False


def _is_walk(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and "backward" in node.func.attr


def _retaining_as_needed(step: Step, walk: WalkCall, text: str) -> str:
    """The call's text with its flag only where something walks on behind the step."""
    if kept_afterwards(step):
        given = [keyword.value for keyword in walk.call.keywords if keyword.arg == "retain_graph"]
        if given and isinstance(given[0], ast.Constant):
            return text
        if given or walk.call.args:
            raise CannotEdit("the graph may be needed again behind the last walk")
    return without_retain(text)


def _over_a_list(layout: Layout, step: Step, walk: WalkCall, loop: ast.For) -> Draft | None:
    """`for loss in losses: loss.backward(...)` and its kin, whose body does nothing else."""
    if isinstance(loop, ast.AsyncFor) or walk.listed:
        return None
    targets = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    alone = len(loop.body) == 1 and layout.statement(walk.call) is loop.body[0]
    scope = layout.scope(loop)
    inside = set(ast.walk(loop))
    leaked = any(use not in inside for name in targets for use in loads([scope], name))
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
    layout.indent(loop)
    if "#" in layout.text(loop):
        return None
    return Draft((layout.replace(loop, text),))


def _walk_of(layout: Layout, step: Step, walk: WalkCall, items: str, sure: bool) -> str:
    """One walk of all items of a list, a dict's values or a comprehension."""
    if sure:
        bare = items[1:-1] if items.startswith("[") and items.endswith("]") and " for " in items else items
        return _retaining_as_needed(step, walk, with_loss(layout, walk, f"sum({bare})"))
    if walk.method and walk.scaled is None and _imports_torch(layout):
        text = _retaining_as_needed(step, walk, with_loss(layout, walk, "x"))
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
    if isinstance(layout.scope(loop), ast.ClassDef):
        return None
    return f"[{loss} for {layout.text(loop.target)} in {layout.text(loop.iter)}]"


def _collected(layout: Layout, step: Step, walks: list[WalkCall], statements: list[ast.stmt]) -> Draft:
    """Losses are put into a list where they were walked, and walked behind the step."""
    for walk in walks:
        if len(_elements(step, walk)) != 1:
            raise CannotEdit("lists of losses are walked in a loop")
    used = taken(layout)
    name = fresh_name(used, "losses" if "losses" not in used else "step_losses")
    edits = [layout.insert_before(step.statements[0], f"{name} = []")]
    for walk, statement in zip(walks, statements, strict=True):
        loss = _elements(step, walk)[0]
        edits.append(layout.replace(statement, f"{name}.append({layout.text(loss)})"))
    last = walks[-1]
    total = name if last.listed else f"sum({name})"
    text = _retaining_as_needed(step, last, with_loss(layout, last, total))
    if last.listed or surely_runs(layout, step):
        lines, conditions = [text], frozenset[str]()
    else:
        lines, conditions = [f"if {name}:", layout.unit + text], frozenset({name})
    edits.append(layout.insert_after(step.statements[-1], *lines))
    return Draft(tuple(edits), conditions=conditions)
