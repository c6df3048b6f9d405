"""What surrounds a step: what happens while it is made, what is kept after it, and whether it runs for certain."""

from __future__ import annotations

import ast

from mhlint.autograd.trace import Event, Loop
from mhlint.rewrites.groups import Group, Step
from mhlint.rewrites.layout import Layout
from mhlint.rewrites.scene import where
from mhlint.rules.walking import walked_or_shown_later


def kept_afterwards(step: Step) -> list[Group]:
    """The groups whose last walk leaves a graph that other code may walk on.

    What comes in from a caller that is not seen may have a graph of its own, and the caller may walk it again.
    """
    found = []
    for group in step.groups:
        last = group.walks[-1]
        if not last.retains or where(last.site.node) in step.retained:
            continue
        from_outside = any(
            leaf.requires_grad is None and not leaf.parameter for walk in group.walks for leaf in walk.walk.leaves
        )
        if from_outside or walked_or_shown_later(group.trace, last):
            found.append(group)
    return found


def events_during(step: Step, group: Group) -> list[Event]:
    """What happened from the first walk on until the last one is over, with the rest of the statement it stands in."""
    first, last = group.walks[0], group.walks[-1]
    end = last.index
    apart = [
        position
        for walk in group.walks
        for position, (mine, theirs) in enumerate(zip(first.turn, walk.turn, strict=False))
        if mine != theirs
    ]
    if apart:
        depth = min(apart)
        activations = {walk.turn[depth][0] for walk in group.walks if len(walk.turn) > depth}
        for event in group.trace.events[last.index :]:
            if len(event.turn) > depth and event.turn[depth][0] in activations:
                end = event.index
            elif len(event.turn) <= depth:
                break
    end = max(end, _end_of_statement(step, group))
    return group.trace.events[first.index : end + 1]


def _end_of_statement(step: Step, group: Group) -> int:
    """The last event, from the last walk on, of the statement behind which the rewrite adds its own."""
    last, statement = group.walks[-1], step.statements[-1]
    start = statement.lineno, statement.col_offset
    behind = statement.end_lineno or statement.lineno, statement.end_col_offset or 0
    path = step.runs.program.source.path
    end = last.index
    for event in group.trace.events[last.index + 1 :]:
        if not any(
            site.program.source.path == path
            and start <= (site.row, getattr(site.node, "col_offset", 0)) < behind
            for site in (event.site, *event.stack)
        ):
            break
        end = event.index
    return end


def surely_runs(layout: Layout, step: Step) -> bool:
    """Is at least one of the walks made for certain whenever the step's statements run?"""
    return any(_surely_made(layout, step, call) for call in step.calls)


def all_surely_run(layout: Layout, step: Step) -> bool:
    """Is each of the walks made for certain whenever the step's statements run?"""
    return all(_surely_made(layout, step, call) for call in step.calls)


def _surely_made(layout: Layout, step: Step, call: ast.Call) -> bool:
    inner: ast.AST = layout.statement(call)
    # `flag and loss.backward()`, and `[loss.backward() for loss in losses]`, may walk nothing.
    if not isinstance(inner, ast.Expr) or inner.value is not call:
        return False
    for item in layout.around(inner) if not any(inner is member for member in step.statements) else ():
        if isinstance(item, (ast.For, ast.AsyncFor)):
            leaves = any(isinstance(node, (ast.Continue, ast.Break)) for node in ast.walk(item))
            if leaves or not any(inner is part for part in item.body) or not _turns(step, item):
                return False
        elif not isinstance(item, (ast.With, ast.AsyncWith)):
            return False
        if any(item is member for member in step.statements):
            return True
        inner = item
    return True


def _turns(step: Step, loop: ast.AST) -> bool:
    key = where(loop)
    seen = [
        event
        for group in step.groups
        for event in group.trace.of(Loop)
        if where(event.site.node) == key and event.site.program.source.path
    ]
    return bool(seen) and all(event.surely_turns for event in seen)
