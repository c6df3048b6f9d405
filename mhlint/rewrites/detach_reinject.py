"""Each head is walked down to a detached boundary, then the trunk once with the gradient collected there."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Escape, Runs, Write
from mhlint.autograd.values import Tensor
from mhlint.findings import Edit, Finding
from mhlint.rewrites.draft import Draft
from mhlint.rewrites.groups import Group, Step, all_surely_run, probed, surely_runs
from mhlint.rewrites.layout import CannotEdit, Layout
from mhlint.rewrites.names import changed_in_place, escapes_to_inner_scopes, loads, stored, taken
from mhlint.rewrites.scene import PROBE, Probe, Scene, where
from mhlint.rewrites.walk_calls import removing_retain
from mhlint.rules.walking import walked_or_shown_later


@dataclass(frozen=True)
class Boundary:
    """A name that holds a tensor at which the trunk ends, and the statement that binds it."""

    name: str
    bound: ast.stmt
    certain: bool
    plain: bool


def draft(scene: Scene, step: Step, finding: Finding) -> Draft:
    """The edits of the detach-reinject step. Raises CannotEdit with the reason where it cannot be written."""
    layout = scene.layout
    boundaries = _boundaries(scene, step, finding)
    region = _region(step, boundaries)
    used = taken(layout)
    fresh = {b.name: _fresh(used, f"{b.name}_detached") for b in boundaries}
    edits: list[Edit] = []
    for boundary in boundaries:
        edits += _renaming(layout, region, boundary, fresh[boundary.name])
    edits += _cuts(layout, step, boundaries, fresh)
    edits += [edit for call in step.calls for edit in removing_retain(layout, call)]
    lines, conditions = _reinjection(layout, step, boundaries, fresh)
    edits.append(layout.insert_after(step.statements[-1], *lines, indent=layout.indent(step.statements[0])))
    doubts = []
    if not all(boundary.plain for boundary in boundaries):
        names = " and ".join(f"`{b.name}`" for b in boundaries if not b.plain)
        doubts.append(f"{names} comes from code that is not seen and is taken for a tensor")
    for group in step.groups:
        last = group.walks[-1]
        if last.retains and walked_or_shown_later(group.trace, last):
            doubts.append("the graph may be needed again behind the last walk")
    renames = tuple((new, old) for old, new in fresh.items())
    return Draft(tuple(edits), "", renames, conditions, tuple(dict.fromkeys(doubts)))


def _boundaries(scene: Scene, step: Step, finding: Finding) -> list[Boundary]:
    layout = scene.layout
    scope = layout.scope(step.statements[0])
    names = _candidates(layout, step, scope)
    if not names:
        raise CannotEdit("the losses share no tensor that has a name")
    found = probed(scene, step, finding, Probe(where(step.statements[0]), tuple(names)))
    if found is None:
        raise CannotEdit("the step is too large to be looked at again")
    runs, groups = found
    if not groups:
        raise CannotEdit("the boundary is not found")
    chosen: dict[str, Boundary] = {}
    for group in groups:
        held = _held(runs, group)
        frontier = _frontier(group)
        matching = {
            name: tensors
            for name, tensors in held.items()
            if any(tensor.node in frontier for tensor in tensors) and len(tensors) == 1
        }
        covered = {tensors[0].node for tensors in matching.values()}
        if not frontier or covered != frontier:
            raise CannotEdit("the losses do not meet the trunk in tensors that have names")
        for name, tensors in matching.items():
            tensor = tensors[0]
            if _changes(group, tensor):
                raise CannotEdit(f"`{name}` is changed in place")
            sure = tensor.node is not None and tensor.node.sure is Level.CERTAIN
            before = chosen.get(name)
            chosen[name] = Boundary(
                name,
                _binding(layout, step, scope, name),
                sure and (before is None or before.certain),
                not tensor.unseen_call and (before is None or before.plain),
            )
    return [chosen[name] for name in names if name in chosen]


def _changes(group: Group, tensor: Tensor) -> bool:
    """Is a boundary's memory written to before the last walk, once it is there?"""
    asked = max(
        event.index for event in group.trace.of(Escape) if event.index < group.walks[0].index and _is_probe(event)
    )
    return any(
        event.tensor.storage is tensor.storage and asked < event.index < group.walks[-1].index
        for event in group.trace.of(Write)
    )


def _is_probe(event: Escape) -> bool:
    node = event.site.node
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id.startswith(PROBE)


def _candidates(layout: Layout, step: Step, scope: ast.AST) -> list[str]:
    """Names that are bound before the first walk and read in the step, in the order in which they are bound."""
    found: list[str] = []
    index = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    rebound = stored(step.statements)
    for statement in step.block[:index]:
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id not in found:
                if node.id not in rebound:
                    found.append(node.id)
    after = step.block[:index] + step.statements
    return [name for name in found if loads(after, name)][-24:]


def _held(runs: Runs, group: Group) -> dict[str, list[Tensor]]:
    """What the probed names held when the group's step began."""
    held: dict[str, list[Tensor]] = {}
    turn = group.walks[0].turn
    for event in group.trace.events[: group.walks[0].index]:
        if isinstance(event, Escape) and isinstance(event.site.node, ast.Call):
            func = event.site.node.func
            if isinstance(func, ast.Name) and func.id.startswith(PROBE) and turn[: len(event.turn)] == event.turn:
                held[func.id.removeprefix(PROBE)] = list(event.tensors)
    return held


def _frontier(group: Group) -> set[Node]:
    """The shared nodes that a walk enters from its own ones: where the trunk ends."""
    shared = group.shared
    entered: set[Node] = set()
    for walk in group.walks:
        for node in walk.walk.nodes:
            if node not in shared:
                entered |= {target for target, _ in node.inputs if isinstance(target, Node) and target in shared}
        entered |= {root.node for root in walk.roots if root.node in shared and root.node is not None}
    return entered


def _binding(layout: Layout, step: Step, scope: ast.AST, name: str) -> ast.stmt:
    """The statement in the step's block that binds a name last, with nothing behind it that changes the value."""
    index = next(i for i, item in enumerate(step.block) if item is step.statements[0])
    last = None
    for statement in step.block[:index]:
        if name in stored([statement]):
            last = statement
    if last is None or not isinstance(last, (ast.Assign, ast.AnnAssign)):
        raise CannotEdit(f"`{name}` is not bound by a plain assignment")
    if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module):
        if escapes_to_inner_scopes(layout, scope, name):
            raise CannotEdit(f"`{name}` is read by a function inside")
    return last


def _region(step: Step, boundaries: list[Boundary]) -> list[ast.stmt]:
    """The statements that use the detached boundary: from where it is bound to the last walk."""
    position = {id(item): i for i, item in enumerate(step.block)}
    start = max(position[id(boundary.bound)] for boundary in boundaries) + 1
    end = position[id(step.statements[-1])]
    region = step.block[start : end + 1]
    for boundary in boundaries:
        first = position[id(boundary.bound)] + 1
        if boundary.name in changed_in_place(step.block[first : end + 1]):
            raise CannotEdit(f"`{boundary.name}` is changed in place")
        if loads(step.block[first:start], boundary.name):
            raise CannotEdit(f"`{boundary.name}` is used before the whole boundary is there")
    return list(region)


def _renaming(layout: Layout, region: list[ast.stmt], boundary: Boundary, fresh: str) -> list[Edit]:
    edits = []
    for name in loads(region, boundary.name):
        if layout.text(name) != boundary.name:
            raise CannotEdit(f"`{boundary.name}` stands inside an f-string")
        place = layout.program.place(name)
        edits.append(Edit(fresh, place.start, place.end))
    if not edits:
        raise CannotEdit(f"`{boundary.name}` is not used by the heads")
    return edits


def _cuts(
    layout: Layout, step: Step, boundaries: list[Boundary], fresh: dict[str, str]
) -> list[Edit]:
    position = {id(item): i for i, item in enumerate(step.block)}
    last = max((boundary.bound for boundary in boundaries), key=lambda bound: position[id(bound)])
    lines = [f"{fresh[b.name]} = {b.name}.detach().requires_grad_()" for b in boundaries]
    return [layout.insert_after(last, *lines)]


def _reinjection(
    layout: Layout, step: Step, boundaries: list[Boundary], fresh: dict[str, str]
) -> tuple[list[str], frozenset[str]]:
    names = [boundary.name for boundary in boundaries]
    if len(names) == 1:
        name = names[0]
        walk = f"{name}.backward(gradient={fresh[name]}.grad)"
    else:
        outputs, gradients = ", ".join(names), ", ".join(f"{fresh[name]}.grad" for name in names)
        if not all_surely_run(layout, step):
            raise CannotEdit("a part of the boundary may stay unused")
        walk = f"{_autograd(layout)}.backward([{outputs}], [{gradients}])"
    tests = [f"{b.name}.requires_grad" for b in boundaries if not b.certain]
    if not surely_runs(layout, step):
        tests += [f"{fresh[b.name]}.grad is not None" for b in boundaries]
    if not tests:
        return [walk], frozenset()
    unit = "\t" if "\t" in layout.indent(layout.statement(step.calls[0])) else "    "
    test = " and ".join(tests)
    return [f"if {test}:", unit + walk], frozenset({test, *tests})


def _autograd(layout: Layout) -> str:
    for node in layout.program.tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == "torch":
                    return f"{alias.asname or 'torch'}.autograd"
        if isinstance(node, ast.ImportFrom) and node.module == "torch":
            for alias in node.names:
                if alias.name == "autograd":
                    return alias.asname or "autograd"
    raise CannotEdit("torch is not imported as a module here")


def _fresh(used: set[str], wanted: str) -> str:
    name, number = wanted, 1
    while name in used:
        number += 1
        name = f"{wanted}_{number}"
    used.add(name)
    return name
