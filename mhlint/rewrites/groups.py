"""The walks of one step that share a trunk, and the statements that make them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Backward, Runs, Trace
from mhlint.findings import Finding, Place
from mhlint.rewrites.functions_of_walks import apart
from mhlint.rewrites.layout import CannotEdit, Layout, loops_around
from mhlint.rewrites.scene import Probe, Scene, Where, where
from mhlint.rules.gathering import carried, crosses_calls
from mhlint.rules.walking import needs_apart, shared_trunk
from mhlint.syntax.program import Site

_MOST_RETAINED = 12


@dataclass(frozen=True)
class Group:
    """Walks of one step on one path, in order, each of which shares a trunk with one before it.

    `apart` says that something stands between one of them and a walk of the same trunk in another group.
    """

    trace: Trace
    walks: tuple[Backward, ...]
    apart: bool = False

    @property
    def shared(self) -> set[Node]:
        """The nodes that more than one of the walks visits."""
        seen: set[Node] = set()
        twice: set[Node] = set()
        for walk in self.walks:
            twice |= seen & walk.walk.nodes.keys()
            seen |= walk.walk.nodes.keys()
        return twice


@dataclass(frozen=True)
class Step:
    """The groups of one finding, and where their walks stand in the source.

    `statements` are those of one block, from the first to the last that holds a walk; `calls` the backward calls.
    `retained` are the calls that were told to retain their graphs, to see what comes after an error.
    """

    runs: Runs
    groups: tuple[Group, ...]
    calls: tuple[ast.Call, ...]
    api_of: dict[ast.Call, str]
    block: tuple[ast.stmt, ...]
    statements: tuple[ast.stmt, ...]
    retained: frozenset[Where]


def step_of(scene: Scene, finding: Finding) -> Step | None:
    """The step that a finding stands in; None where it cannot be told. Raises CannotEdit with a reason."""
    runs, retained = _reference(scene, finding)
    if runs is None:
        return None
    groups = tuple(_groups_at(runs, finding.place))
    if not groups:
        return None
    depth = _depth(groups)
    reason = CannotEdit("the backward calls are not found")
    for down in range(depth, -1, -1):
        try:
            calls = _calls_at(scene, groups, down)
            block, statements = _common_block(scene.layout, groups, calls)
        except CannotEdit as error:
            reason = reason if down < depth else error
            continue
        _require_together(scene, runs, set(calls))
        return Step(runs, groups, tuple(calls), calls, tuple(block), tuple(statements), retained)
    raise reason


def _require_together(scene: Scene, runs: Runs, calls: set[ast.Call]) -> None:
    """Raises CannotEdit where one of the calls, on some path or in some turn, makes a walk that is needed apart."""
    places = {scene.program.place(call) for call in calls}
    for _, trace in runs.traces():
        for group in _groups(trace):
            if group.apart and any(site.place in places for walk in group.walks for site in _chain(walk)):
                raise CannotEdit("something between the walks needs their gradients apart")


def _chain(walk: Backward) -> list[Site]:
    return [*walk.stack, walk.site]


def _depth(groups: tuple[Group, ...]) -> int:
    """How many calls all walks have in common, outermost first."""
    chains = [_chain(walk) for group in groups for walk in group.walks]
    same = 0
    for sites in zip(*chains, strict=False):
        if len({where(site.node) for site in sites}) > 1:
            break
        same += 1
    return min(same, min(len(chain) for chain in chains) - 1)


def _calls_at(scene: Scene, groups: tuple[Group, ...], depth: int) -> dict[ast.Call, str]:
    """The calls by which one function makes the walks: backward calls, or calls of a helper that is one."""
    layout = scene.layout
    calls: dict[ast.Call, str] = {}
    for group in groups:
        for walk in group.walks:
            chain = _chain(walk)
            node = scene.find(chain[depth])
            if node is None:
                raise CannotEdit("a backward call stands in another file")
            if not isinstance(node, ast.Call):
                raise CannotEdit("a backward call is no plain call")
            api = walk.api
            if depth + 1 < len(chain):
                if depth + 2 < len(chain) or not _only_walks(scene, walk):
                    raise apart([walk.site for group in groups for walk in group.walks])
                api = "helper"
            if calls.setdefault(node, api) != api:
                raise CannotEdit("a loss is walked in different ways")
    if len({id(layout.scope(call)) for call in calls}) != 1:
        raise apart([walk.site for group in groups for walk in group.walks])
    return dict(sorted(calls.items(), key=lambda item: (item[0].lineno, item[0].col_offset)))


def _only_walks(scene: Scene, walk: Backward) -> bool:
    """Does a helper do nothing but walk its first argument?"""
    call = scene.find(walk.site)
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return False
    scope = scene.layout.scope(call)
    if not isinstance(scope, ast.FunctionDef):
        return False
    body = [
        item
        for item in scope.body
        if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))
    ]
    names = [arg.arg for arg in scope.args.args if arg.arg not in ("self", "cls")]
    if len(body) != 1 or not isinstance(body[0], (ast.Expr, ast.Return)) or body[0].value is not call:
        return False
    loss: ast.expr = call.func.value
    if call.args and not isinstance(call.args[0], ast.Starred):
        loss = call.args[0]
    elif isinstance(loss, ast.Call) and len(loss.args) == 1:
        loss = loss.args[0]
    return isinstance(loss, ast.Name) and names[:1] == [loss.id]


def probed(scene: Scene, step: Step, finding: Finding, probes: tuple[Probe, ...]) -> tuple[Runs, list[Group]] | None:
    """The step's groups in a run that also asks what names hold."""
    runs = scene.retaining(step.retained, probes)
    return None if runs is None else (runs, list(_groups_at(runs, finding.place)))


def _reference(scene: Scene, finding: Finding) -> tuple[Runs | None, frozenset[Where]]:
    """The runs in which the finding's walk does not raise: the same code with its walks retained."""
    retained: frozenset[Where] = frozenset()
    runs: Runs | None = scene.runs
    for _ in range(_MOST_RETAINED):
        if runs is None:
            return None, retained
        more = retained | {where(walk.site.node) for walk in _freeing(scene, runs, finding.place)}
        if more == retained:
            return runs, retained
        retained = more
        runs = scene.retaining(retained)
    return runs, retained


def _freeing(scene: Scene, runs: Runs, place: Place) -> Iterator[Backward]:
    """The walks that free what another walk of the same function needs in the same step."""
    here = _scope(scene, place.start.row)
    for _, trace in runs.traces():
        for event in trace.of(Backward):
            failure = event.failure
            if failure is None or failure.kind != "freed" or failure.earlier is None or failure.node is None:
                continue
            if event.caught or carried(failure.node, event) or event.site.place.filename != place.filename:
                continue
            if event.site.place == place or _scope(scene, event.site.row) is here:
                yield failure.earlier


def _scope(scene: Scene, row: int) -> ast.AST:
    return [scene.program.tree, *scene.program.functions_around(row)][-1]


def _groups_at(runs: Runs, place: Place) -> Iterator[Group]:
    for _, trace in runs.traces():
        for group in _groups(trace):
            if any(walk.site.place == place for walk in group.walks) and len(group.walks) > 1:
                yield group


def _groups(trace: Trace) -> Iterator[Group]:
    open_groups: list[list[Backward]] = []
    apart: set[int] = set()
    for event in trace.of(Backward):
        if event.api == "autograd.grad" or event.failure is not None:
            continue
        for group in reversed(open_groups):
            shared = next((found for walk in group if (found := shared_trunk(walk, event)) is not None), None)
            if shared is not None and not crosses_calls(trace, shared[0], event):
                if needs_apart(trace, group[-1], event):
                    if shared[1] == Level.MAYBE:
                        # Two turns that hardly share anything: what lies between them tells nothing of either.
                        continue
                    open_groups.append([event])
                    apart |= {id(group), id(open_groups[-1])}
                else:
                    group.append(event)
                break
        else:
            open_groups.append([event])
    for group in open_groups:
        yield Group(trace, tuple(group), id(group) in apart)


def _common_block(
    layout: Layout, groups: tuple[Group, ...], calls: dict[ast.Call, str]
) -> tuple[list[ast.stmt], list[ast.stmt]]:
    climbs = _loops_between(layout, groups, calls)
    chains: list[list[ast.stmt]] = []
    for call in calls:
        own = layout.statement(call)
        chain = [own, *(item for item in layout.around(own) if isinstance(item, ast.stmt))]
        if climb := climbs[call] - (climbs[call] > 0 and _in_comprehension(layout, call)):
            loops = loops_around(layout, call)
            if len(loops) < climb:
                raise CannotEdit("the loop over the losses stands in another function")
            chain = chain[next(i for i, item in enumerate(chain) if item is loops[climb - 1]) :]
        chains.append(chain)
    for candidate in chains[0]:
        block = layout.block(candidate)
        members = [next((item for item in chain if any(item is s for s in block)), None) for chain in chains]
        found = [item for item in members if item is not None]
        if len(found) == len(members):
            positions = [next(i for i, item in enumerate(block) if item is member) for member in found]
            return block, block[min(positions) : max(positions) + 1]
    raise CannotEdit("the backward calls stand in different blocks")


def _in_comprehension(layout: Layout, call: ast.Call) -> bool:
    """Is a call the item of a comprehension that is a statement of its own?"""
    made = layout.parents[call]
    is_item = isinstance(made, (ast.ListComp, ast.SetComp)) and made.elt is call and len(made.generators) == 1
    return is_item and isinstance(layout.parents[made], ast.Expr)


def _loops_between(
    layout: Layout, groups: tuple[Group, ...], calls: dict[ast.Call, str]
) -> dict[ast.Call, int]:
    """How many loops around each call have to be left to find the other walks of its group."""
    by_place = {layout.program.place(call): call for call in calls}
    most = dict.fromkeys(calls, 0)
    for group in groups:
        for one in group.walks:
            call = next(by_place[site.place] for site in reversed(_chain(one)) if site.place in by_place)
            for other in group.walks:
                same = 0
                for mine, theirs in zip(one.turn, other.turn, strict=False):
                    if mine != theirs:
                        break
                    same += 1
                most[call] = max(most[call], len(one.turn) - same)
    return most


