"""Each head is walked down to a detached boundary, then the trunk once with the gradient collected there."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mhlint.autograd.trace import ModuleCall
from mhlint.autograd.values import Unknown
from mhlint.findings import Edit, Finding
from mhlint.rewrites.around_step import all_surely_run, events_during, kept_afterwards, surely_runs
from mhlint.rewrites.boundary import Boundary, boundaries
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Step
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, fresh_name, loads, taken, torch_autograd
from mhlint.rewrites.scene import Scene
from mhlint.rewrites.walk_calls import removing_retain
from mhlint.rules.walking import walked_or_shown_later


def drafts(scene: Scene, step: Step, finding: Finding) -> Iterator[Draft]:
    """The forms of the detach-reinject step to try. Raises CannotEdit where it cannot be written."""
    found = boundaries(scene, step, finding)
    kinds = ("list", "dict") if any(boundary.several for boundary in found) else ("tensor",)
    if "list" in kinds and len(found) > 1:
        raise CannotEdit("the boundary is spread over several containers")
    for kind in kinds:
        yield _draft(scene, step, found, kind)


def _draft(scene: Scene, step: Step, found: list[Boundary], kind: str) -> Draft:
    layout = scene.layout
    region = _region(step, found)
    _require_no_state(layout, region, {boundary.name for boundary in found})
    used = taken(layout)
    fresh = {boundary.name: fresh_name(used, _wanted(boundary.name)) for boundary in found}
    edits: list[Edit] = []
    for boundary in found:
        edits += _renaming(layout, region, boundary, fresh[boundary.name])
    edits.append(_cut(layout, step, found, fresh, kind))
    edits += [edit for call in step.calls for edit in removing_retain(layout, call)]
    lines, conditions = _reinjection(layout, step, found, fresh, kind)
    edits.append(layout.insert_after(step.statements[-1], *lines))
    doubts = []
    if not all(boundary.plain for boundary in found):
        names = " and ".join(f"`{boundary.name}`" for boundary in found if not boundary.plain)
        doubts.append(f"{names} comes from code that is not seen and is taken for a tensor")
    if any(walked_or_shown_later(group.trace, group.walks[-1]) for group in kept_afterwards(step)):
        doubts.append("the graph may be needed again behind the last walk")
    doubts += [
        f"`{event.module.label}` is not seen and could reach the trunk in another way"
        for group in step.groups
        for event in events_during(group)
        if isinstance(event, ModuleCall) and isinstance(event.module, Unknown)
    ]
    renames = tuple((new, old) for old, new in fresh.items())
    return Draft(tuple(edits), "", renames, conditions, tuple(dict.fromkeys(doubts)))


def _wanted(name: str) -> str:
    """The name of a detached copy; a long one would make every line that uses it longer still."""
    return f"{name}_detached" if len(name) <= _LONGEST_NAME else "boundary"


def _region(step: Step, found: list[Boundary]) -> list[ast.stmt]:
    """The statements that use the detached boundary: from where it is there to the last walk."""
    start = max(boundary.start for boundary in found)
    end = next(i for i, item in enumerate(step.block) if item is step.statements[-1]) + 1
    for boundary in found:
        if boundary.name in changed_in_place(step.block[boundary.start : end]):
            raise CannotEdit(f"`{boundary.name}` is changed in place")
        if loads(step.block[boundary.start : start], boundary.name):
            raise CannotEdit(f"`{boundary.name}` is used before the whole boundary is there")
    return list(step.block[start:end])


_LONGEST_NAME = 24
_STATE = frozenset("grad grad_fn is_leaf requires_grad requires_grad_ retain_grad register_hook detach_".split())


def _require_no_state(layout: Layout, region: list[ast.stmt], names: set[str]) -> None:
    """Raises CannotEdit where the heads' code handles what a leaf has and the trunk's output has not, or has anew."""
    for statement in region:
        for node in ast.walk(statement):
            if not isinstance(node, ast.Attribute) or node.attr not in _STATE:
                continue
            owner = node.value
            while isinstance(owner, (ast.Subscript, ast.Attribute)):
                owner = owner.value
            on_boundary = isinstance(owner, ast.Name) and owner.id in names
            if on_boundary or (node.attr == "grad" and not isinstance(node.ctx, ast.Load)):
                raise CannotEdit(f"`{layout.text(node)}` is used by the heads")


def _renaming(layout: Layout, region: list[ast.stmt], boundary: Boundary, fresh: str) -> list[Edit]:
    edits = []
    for name in loads(region, boundary.name):
        # What an f-string reads becomes text: it may go on reading the boundary itself. Before Python 3.12 the
        # places of what stands in it are not known either.
        if any(isinstance(item, ast.JoinedStr) for item in layout.around(name)):
            continue
        if layout.text(name) != boundary.name:
            raise CannotEdit(f"the place of `{boundary.name}` is not known")
        place = layout.program.place(name)
        edits.append(Edit(fresh, place.start, place.end))
    if not edits:
        raise CannotEdit(f"`{boundary.name}` is not used by the heads")
    return edits


def _cut(layout: Layout, step: Step, found: list[Boundary], fresh: dict[str, str], kind: str) -> Edit:
    forms = {
        "tensor": "{new} = {old}.detach().requires_grad_()",
        "list": "{new} = [{item}.detach().requires_grad_() for {item} in {old}]",
        "dict": "{new} = {{key: {item}.detach().requires_grad_() for key, {item} in {old}.items()}}",
    }
    item = fresh_name(taken(layout), "feature")
    lines = [forms[kind].format(new=fresh[b.name], old=b.name, item=item) for b in found]
    start = max(boundary.start for boundary in found)
    if start and not _is_docstring(step.block[start - 1]):
        return layout.insert_after(step.block[start - 1], *lines)
    return layout.insert_before(step.block[start], *lines)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _reinjection(
    layout: Layout, step: Step, found: list[Boundary], fresh: dict[str, str], kind: str
) -> tuple[list[str], frozenset[str]]:
    names = [boundary.name for boundary in found]
    first, new = names[0], fresh[names[0]]
    if (len(names) > 1 or kind != "tensor") and not all_surely_run(layout, step):
        raise CannotEdit("a part of the boundary may stay unused")
    if kind != "tensor":
        item = fresh_name(taken(layout), "feature")
        olds, news = (first, new) if kind == "list" else (f"{first}.values()", f"{new}.values()")
        if not found[0].whole:
            raise CannotEdit("a part of the boundary stays unused")
        roots = olds if kind == "list" else f"list({olds})"
        return [
            f"{torch_autograd(layout)}.backward({roots}, [{item}.grad for {item} in {news}])"
        ], frozenset()
    if len(names) == 1:
        walk = f"{first}.backward(gradient={new}.grad)"
    else:
        outputs, gradients = ", ".join(names), ", ".join(f"{fresh[name]}.grad" for name in names)
        walk = f"{torch_autograd(layout)}.backward([{outputs}], [{gradients}])"
    if kept_afterwards(step):
        walk = f"{walk[:-1]}, retain_graph=True)"
    tests = [f"{boundary.name}.requires_grad" for boundary in found if not boundary.certain]
    if not surely_runs(layout, step):
        tests += [f"{fresh[boundary.name]}.grad is not None" for boundary in found]
    if not tests:
        return [walk], frozenset()
    test = " and ".join(tests)
    return [f"if {test}:", layout.unit + walk], frozenset({test, *tests})
