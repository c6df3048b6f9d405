"""`retain_graph=True` on a backward call after which nothing walks that graph.

## What it does

Reports a backward call that retains its graph although on no path anything walks that graph again: no later
call, no later turn of a loop, no code that the graph is handed on to.

## Why is this bad?

The saved tensors of the whole graph live on until the loss is bound to something else, which is after the next
forward has built the next graph: twice the memory. If the losses are kept in a list, memory grows with each step.
The argument also makes readers look for a second walk that is not there.

## Example

```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    loss = model(torch.randn(3, 4)).pow(2).mean()
    loss.backward(retain_graph=True)
    opt.step()
```

## Use instead

```python
import torch
from torch import nn

model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(3):
    opt.zero_grad()
    loss = model(torch.randn(3, 4)).pow(2).mean()
    loss.backward()
    opt.step()
```

## Fix safety

Removing the argument is safe where the finding is certain: the gradients are the same, and nothing walks the graph
later. Where it is likely, code that was not seen could walk it, and the fix is unsafe. So it is where a function that
others may call gets the losses that it walks from its caller: other callers may hand in losses that share a graph.

## Facts

- Two networks, or two forwards of one network, share no graph: neither walk needs to retain anything for the
  other.
- Where not every path of a long function was run, a call is still reported if nothing that is read after it leads to
  the graph it keeps, whatever the paths do.
- A function of the program that hands `retain_graph` on is not to blame: the call that tells it True is reported.
- A loss that is given away or handed back behind the step on its weights can but be shown: a walk of it raises.
- A retained graph that a later turn of a loop walks (a carried state, a graph built before the loop) is needed
  and not reported.

## References

- [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Backward, Root, Runs, Trace
from mhlint.findings import Finding, Place
from mhlint.rules.gathering import Sighting, answer, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.walking import stays_known, unread_attributes, walked_or_shown_later
from mhlint.rules.wording import code
from mhlint.syntax.program import Site

_ADVICE = "remove `retain_graph`"


def _explored(root: Root) -> Level:
    """Was every choice that can make a difference seen with both of its answers? Likely where those are left out that
    stand in code that only computes."""
    if root.complete:
        return Level.CERTAIN
    choices = [choice for trace in root.traces for choice in trace.choices]
    sides = {(choice.subject, answer(choice)) for choice in choices}
    settled = {choice.subject for choice in choices if choice.settled}
    open_ones = {subject for subject, given in sides if subject not in settled and (subject, not given) not in sides}
    if not open_ones:
        return Level.CERTAIN
    return Level.NO if any(choice.subject in open_ones and not choice.aside for choice in choices) else Level.LIKELY


def _seen_to_end(root: Root, trace: Trace, event: Backward) -> bool:
    """Where not all paths were run and what is read behind a walk in a loop leads to its graph: was a later turn of
    that loop seen, which walked no part of it?"""
    if root.complete or event.let_go is not None or not event.turn:
        return True
    return any(later.site == event.site and later.turn != event.turn for later in _walks_after(trace, event))


def _walks_after(trace: Trace, event: Backward) -> Iterable[Backward]:
    return (later for later in trace.of(Backward) if later.index > event.index)


def _has_graph_of_others(event: Backward) -> bool:
    """Does it walk what another call of the object's methods has computed, with a graph that others may share?"""
    return any("<computed>" in leaf.attributes for leaf in event.walk.leaves)


def _told(event: Backward) -> Site:
    """The call that says to retain: a helper's caller may say it."""
    return event.told or event.site


def _is_handed_in(event: Backward) -> bool:
    """Does a function that others may call walk losses that its caller made? Theirs may share a graph."""
    program = _told(event).program
    around = program.functions_around(_told(event).row)
    made = [start.site for start in event.starts if isinstance(start, Node)]
    if len(around) != 1 or not made:
        return False
    (function,) = around
    if any(site.program is program and function in program.functions_around(site.row) for site in made):
        return False
    return not function.name.startswith("_") or function.name.endswith("__")


def _level(trace: Trace, event: Backward, explored: Level) -> Level:
    """Likely at most where the walk enters something that was not seen, or an attribute that others can read; a walk
    that trains surely has a graph."""
    surest = min(explored, max(event.walk.nodes.values(), default=Level.NO))
    if surest is Level.CERTAIN and _is_handed_in(event):
        surest = min(surest, Level.LIKELY)
    if any(leaf.requires_grad is None for leaf in event.walk.leaves) or stays_known(trace, event):
        return min(surest, Level.LIKELY)
    return max(surest, Level.LIKELY) if event.walk.leaves and surest else surest


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that retain what nothing walks again, on any path."""
    groups: dict[Place, list[Sighting]] = defaultdict(list)
    needed: set[Place] = set()
    partly: set[Place] = set()
    unread = unread_attributes(runs)
    for root in (*runs.roots, *runs.repaired):
        explored = _explored(root)
        for trace in root.traces:
            for event in trace.of(Backward):
                if _told(event).program is not runs.program:
                    continue  # a module that is imported may have callers that need it
                place = _told(event).place
                if event.retains is None:
                    needed.add(place)  # `retain_graph=loss is not last`: the author says when
                if not (event.explicit_retain and event.retains) or event.failure is not None:
                    continue
                shared = event.creates_graph or _has_graph_of_others(event)
                if shared or walked_or_shown_later(trace, event, unread):
                    needed.add(place)
                elif explored and trace.ended == "done" and _seen_to_end(root, trace, event):
                    if explored is Level.LIKELY:
                        partly.add(place)
                    groups[place].append(Sighting(root, trace, event, _level(trace, event, explored)))
                elif event.let_go is not None and event.let_go <= root.covered:
                    partly.add(place)
                    groups[place].append(Sighting(root, trace, event, _level(trace, event, Level.LIKELY)))
                elif not explored:
                    needed.add(place)
    for place, group in groups.items():
        group.sort(key=lambda sighting: -sighting.level)
        if place not in needed and group[0].level >= Level.LIKELY:
            surest = group[0].event
            assert isinstance(surest, Backward)
            message = f"{code(_told(surest))} retains a graph that nothing walks again"
            conditions = when(group, explored=place not in partly)
            yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, conditions)


RULE = Rule(
    code="MHL203",
    name="needless-retain-graph",
    summary="`retain_graph=True` on a backward call after which nothing walks that graph.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="safe",
)
