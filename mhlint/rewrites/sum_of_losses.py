"""One walk of the summed losses in place of a walk for each."""

from __future__ import annotations

import ast

from mhlint.findings import Edit
from mhlint.rewrites.around_step import surely_runs
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Step
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, fresh_name, stored, taken
from mhlint.rewrites.sum_over_list import as_loop, over_a_list, retaining_as_needed
from mhlint.rewrites.walk_calls import WalkCall, standing_alone, walk_call, with_loss


def draft(layout: Layout, step: Step) -> Draft:
    """The edits that sum the losses of a step. Raises CannotEdit with the reason where that cannot be written."""
    walks = [walk_call(layout, call, step.api_of[call]) for call in step.calls]
    if len({_skeleton(layout, walk) for walk in walks}) != 1:
        raise CannotEdit("the losses are walked in different ways")
    loop = as_loop(step.statements[0])
    for walk in walks:
        if not isinstance(layout.parents[walk.call], ast.Expr) and loop is step.statements[0]:
            raise CannotEdit("the result of a walk is used")
    statements = [layout.statement(walk.call) for walk in walks]
    if len(walks) > 1 and all(any(s is member for member in step.block) for s in statements):
        return _side_by_side(layout, step, walks, statements)
    if len(walks) == 1 and len(step.statements) == 1 and isinstance(loop, ast.For):
        made = over_a_list(layout, step, walks[0], loop)
        if made is not None:
            return made
    if loop is not step.statements[0]:
        raise CannotEdit("the losses are walked in a comprehension")
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
    edits.append(layout.replace(last.call, retaining_as_needed(step, last, text)))
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
    text = retaining_as_needed(step, last, with_loss(layout, last, total))
    if last.listed or surely_runs(layout, step):
        lines, conditions = [text], frozenset[str]()
    else:
        lines, conditions = [f"if {name}:", layout.unit + text], frozenset({name})
    edits.append(layout.insert_after(step.statements[-1], *lines))
    return Draft(tuple(edits), conditions=conditions)
