"""Each head is walked down to a detached boundary, then the trunk once with the gradient collected there."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from mhlint.autograd.trace import ModuleCall, Unseen
from mhlint.autograd.values import Unknown
from mhlint.findings import Edit, Finding
from mhlint.rewrites.around_step import all_surely_run, events_during, kept_afterwards, surely_runs
from mhlint.rewrites.boundary import Boundary, boundaries
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Step
from mhlint.rewrites.kept_at import is_bound, reads, short_name
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, fresh_name, taken, torch_autograd
from mhlint.rewrites.observed import is_data_method
from mhlint.rewrites.scene import Scene, where
from mhlint.rewrites.shown import becomes_text
from mhlint.rewrites.walk_calls import removing_retain
from mhlint.rules.walking import walked_or_shown_later


def draft(scene: Scene, step: Step, finding: Finding) -> Draft:
    """The detach-reinject step. Raises CannotEdit where it cannot be written."""
    found = boundaries(scene, step, finding)
    layout = scene.layout
    region = _region(step, found)
    _require_no_state(layout, region, {boundary.name for boundary in found})
    used = taken(layout)
    fresh = {boundary.name: fresh_name(used, _wanted(short_name(boundary.name))) for boundary in found}
    edits: list[Edit] = []
    renames: list[tuple[str, str]] = []
    for boundary in found:
        changed, meaning = _renaming(layout, region, boundary, fresh[boundary.name], used)
        edits += changed
        renames += meaning
    edits.append(_cut(layout, step, found, fresh))
    edits += [edit for call in step.calls for edit in removing_retain(layout, call)]
    lines, conditions = _reinjection(layout, step, found, fresh)
    edits.append(layout.insert_after(step.statements[-1], *lines))
    doubts = []
    if not all(boundary.plain for boundary in found):
        names = [f"`{boundary.name}`" for boundary in found if not boundary.plain]
        come, taken_for = ("comes", "is taken for a tensor") if len(names) == 1 else ("come", "are taken for tensors")
        doubts.append(f"{' and '.join(names)} {come} from code that is not seen and {taken_for}")
    if any(walked_or_shown_later(group.trace, group.walks[-1]) for group in kept_afterwards(step)):
        doubts.append("the graph may be needed again behind the last walk")
    doubts += [
        f"`{event.module.label}` is not seen and could reach the trunk in another way"
        for group in step.groups
        for event in events_during(step, group)
        if isinstance(event, ModuleCall) and isinstance(event.module, Unknown)
    ]
    doubts += [*_left_unchanged(layout, step, found), *_given_to_unseen(step, region, found)]
    copied = frozenset(place for boundary in found if boundary.copy for place in boundary.copy.writes)
    in_turn = all(boundary.in_turn for boundary in found)
    return Draft(tuple(edits), "", tuple(renames), conditions, tuple(dict.fromkeys(doubts)), copied, in_turn)


def _given_to_unseen(step: Step, region: list[ast.stmt], found: list[Boundary]) -> Iterator[str]:
    """In front of the walks as well, what is called with the boundary may hook it or look at its graph."""
    calls = {where(node): node for item in region for node in ast.walk(item) if isinstance(node, ast.Call)}
    for group in step.groups:
        for event in group.trace.events[: group.walks[0].index]:
            if isinstance(event, Unseen) and not is_data_method(event.label) and where(event.site.node) in calls:
                call = calls[where(event.site.node)]
                if any(reads([*call.args, *call.keywords], boundary.name) for boundary in found):
                    yield f"`{event.label}` is not seen, and would be given a detached boundary"


def _left_unchanged(layout: Layout, step: Step, found: list[Boundary]) -> list[str]:
    """What a head works on in place is a copy then; a name of the module can be read by code that is not seen."""
    if not isinstance(layout.scope(step.statements[0]), (ast.Module, ast.ClassDef)):
        return []
    return [
        f"`{boundary.name}` then keeps its values, and other modules or cells could read what a head made of them"
        for boundary in found
        if boundary.copy is not None
    ]


def _wanted(name: str) -> str:
    """The name of a detached copy; a long one would make every line that uses it longer still."""
    return f"{name}_detached" if len(name) <= _LONGEST_NAME else "boundary"


def _region(step: Step, found: list[Boundary]) -> list[ast.stmt]:
    """The statements that use the detached boundary: from where it is there to the last walk."""
    start = max(boundary.start for boundary in found)
    end = next(i for i, item in enumerate(step.block) if item is step.statements[-1]) + 1
    for boundary in found:
        region = step.block[boundary.start : end]
        changed = is_bound(region, boundary.name) if boundary.is_path else boundary.name in changed_in_place(region)
        if boundary.copy is None and changed:
            raise CannotEdit(f"`{boundary.name}` is changed in place")
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
            on_boundary = ast.unparse(owner) in names
            while isinstance(owner, (ast.Subscript, ast.Attribute)):
                owner = owner.value
                on_boundary = on_boundary or ast.unparse(owner) in names
            if on_boundary or (node.attr == "grad" and not isinstance(node.ctx, ast.Load)):
                raise CannotEdit(f"`{layout.text(node)}` is used by the heads")


def _renaming(
    layout: Layout, region: list[ast.stmt], boundary: Boundary, fresh: str, used: set[str]
) -> tuple[list[Edit], list[tuple[str, str]]]:
    """The edits that give the heads the detached boundary, and what the new names mean, the longest first."""
    edits: list[Edit] = []
    meaning = [(fresh, boundary.name)]
    copy, onward = fresh, (sys.maxsize, 0)
    if boundary.copy is not None and boundary.copy.read is not None:
        end = layout.program.place(boundary.copy.read).end
        edits.append(Edit(".clone()", end, end))
        text = ast.unparse(boundary.copy.read)
        meaning.insert(0, (f"{re.sub(rf'^{boundary.name}', fresh, text)}.clone()", text))
    elif boundary.copy is not None and boundary.copy.onward is not None:
        statement = boundary.copy.onward
        copy, onward = fresh_name(used, f"{boundary.name}_copy"), (statement.lineno, statement.col_offset)
        edits.append(layout.insert_before(statement, f"{copy} = {fresh}.clone()"))
        meaning.append((copy, boundary.name))
    read = reads(region, boundary.name)
    if copy != fresh and isinstance(boundary.copy.onward, ast.AugAssign):  # type: ignore[union-attr]
        read.append(boundary.copy.onward.target)  # type: ignore[union-attr]
    for name in read:
        # What is printed shows whether it is a leaf: that goes on reading the boundary itself. Before Python 3.12 the
        # places of what stands in an f-string are not known either.
        behind = (name.lineno, name.col_offset) >= onward
        if any(isinstance(item, ast.JoinedStr) for item in layout.around(name)) or becomes_text(layout, name):
            if behind:
                raise CannotEdit(f"`{boundary.name}` is changed in place, and read behind that")
            continue
        if layout.text(name) not in (boundary.name, boundary.text):
            raise CannotEdit(f"the place of `{boundary.name}` is not known")
        place = layout.program.place(name)
        edits.append(Edit(copy if behind else fresh, place.start, place.end))
    if not edits:
        raise CannotEdit(f"`{boundary.name}` is not used by the heads")
    return edits, meaning


def _cut(layout: Layout, step: Step, found: list[Boundary], fresh: dict[str, str]) -> Edit:
    item = fresh_name(taken(layout), "feature")
    lines = [_cut_line(boundary, fresh[boundary.name], item) for boundary in found]
    start = max(boundary.start for boundary in found)
    if start and not _is_docstring(step.block[start - 1]):
        return layout.insert_after(step.block[start - 1], *lines)
    return layout.insert_before(step.block[start], *lines)


def _cut_line(boundary: Boundary, new: str, item: str) -> str:
    old = boundary.text
    if not boundary.several:
        return f"{new} = {old}.detach().requires_grad_()"
    # What has no graph stays as it is: a mask could not require grad.
    leaf = f"{item}.detach().requires_grad_()" + (f" if {item}.requires_grad else {item}" if boundary.mixed else "")
    if boundary.kind == "list":
        return f"{new} = [{leaf} for {item} in {old}]"
    if boundary.kind == "record":
        return f"{new} = {old}._make({leaf} for {item} in {old})"
    return f"{new} = {{key: {leaf} for key, {item} in {old}.items()}}"


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _reinjection(
    layout: Layout, step: Step, found: list[Boundary], fresh: dict[str, str]
) -> tuple[list[str], frozenset[str]]:
    """The lines that send the collected gradients on, and the tests in them."""
    first, new = found[0].text, fresh[found[0].name]
    several = any(boundary.several for boundary in found)
    if len(found) > 1 or several:
        used = all_surely_run(layout, step) and all(b.whole and b.certain and not b.mixed for b in found)
        if not used or (len(found) > 1 and several):
            return _of_reached_parts(layout, step, found, fresh), frozenset()
    if several:
        item = fresh_name(taken(layout), "feature")
        is_dict = found[0].kind == "dict"
        olds, news = (f"list({first}.values())", f"{new}.values()") if is_dict else (first, new)
        walk = f"{torch_autograd(layout)}.backward({olds}, [{item}.grad for {item} in {news}])"
    elif len(found) == 1:
        walk = f"{first}.backward(gradient={new}.grad)"
    else:
        outputs = ", ".join(boundary.text for boundary in found)
        gradients = ", ".join(f"{fresh[boundary.name]}.grad" for boundary in found)
        walk = f"{torch_autograd(layout)}.backward([{outputs}], [{gradients}])"
    walk = _retaining(step, walk)
    tests = [f"{boundary.text}.requires_grad" for boundary in found if not boundary.certain]
    if not surely_runs(layout, step):
        tests += [f"{fresh[boundary.name]}.grad is not None" for boundary in found]
    if not tests:
        return [walk], frozenset()
    test = " and ".join(tests)
    asked = (ast.unparse(ast.parse(text, mode="eval")) for text in (test, *tests))
    return [f"if {test}:", layout.unit + walk], frozenset(asked)


def _of_reached_parts(layout: Layout, step: Step, found: list[Boundary], fresh: dict[str, str]) -> list[str]:
    """The gradients of those parts that a head has used: for a part without one the engine would raise (FACTS F60)."""
    used = taken(layout)
    reached, part, leaf, grad = (fresh_name(used, name) for name in ("reached", "part", "leaf", "grad"))
    pairs = _pairs(found, fresh)
    test = f"{leaf}.grad is not None"
    if any(boundary.mixed or not boundary.certain for boundary in found):
        test = f"{part}.requires_grad and {test}"
    walk = (
        f"{torch_autograd(layout)}.backward([{part} for {part}, _ in {reached}], [{grad} for _, {grad} in {reached}])"
    )
    return [
        f"{reached} = [({part}, {leaf}.grad) for {part}, {leaf} in {pairs} if {test}]",
        _retaining(step, walk),
    ]


def _pairs(found: list[Boundary], fresh: dict[str, str]) -> str:
    """The parts of the boundary with their detached copies."""
    texts = []
    for boundary in found:
        old, new = boundary.text, fresh[boundary.name]
        if not boundary.several:
            texts.append(f"({old}, {new})")
        elif boundary.kind == "dict":
            texts.append(f"zip({old}.values(), {new}.values())")
        else:
            texts.append(f"zip({old}, {new})")
    if len(found) == 1:
        return texts[0]
    return f"[{', '.join('*' * boundary.several + text for boundary, text in zip(found, texts, strict=True))}]"


def _retaining(step: Step, walk: str) -> str:
    return f"{walk[:-1]}, retain_graph=True)" if kept_afterwards(step) else walk
