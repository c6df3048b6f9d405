"""Gradients are cleared between a backward and the step that should have used them.

## What it does

Reports a call that clears the gradients which a walk has just filled, where the optimizer's next step then finds
no gradient at all.

## Why is this bad?

The step does nothing (or, for an optimizer with momentum and gradients set to zero, goes on with the old
direction). The model does not learn, and nothing raises.

## Example

```python
import torch
from torch import nn

model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
loss = model(torch.randn(3, 4)).pow(2).mean()
loss.backward()
opt.zero_grad()
opt.step()
```

## Use instead

```python
import torch
from torch import nn

model = nn.Linear(4, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
opt.zero_grad()
loss = model(torch.randn(3, 4)).pow(2).mean()
loss.backward()
opt.step()
```

## Fix safety

Shown only: where the clearing belongs is for a person to say.

## Facts

- Clearing what another loss has left in a network's parameters is right, as long as a walk follows before the step.

## References

- [torch.optim.Optimizer.zero_grad](https://pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Clip, Escape, Event, ReadGrad, Runs, Step, Trace, Unseen, ZeroGrad
from mhlint.autograd.values import Tensor
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, line

_ADVICE = "clear gradients before the walk or after the step, not between them"


def _uses(event: Event, waiting: set[Tensor]) -> bool:
    """Does an event use the gradients: an earlier step, or something that reads them?"""
    if isinstance(event, Step):
        return event.optimizer is None or not waiting.isdisjoint(event.optimizer.parameters)
    return isinstance(event, ReadGrad) and event.tensor in waiting


def _given(event: Event, waiting: set[Tensor]) -> bool:
    """Is a gradient set by hand (`p.grad = g`)? What the walks leave there is then not meant to be used."""
    return isinstance(event, Clip) and event.given and not waiting.isdisjoint(event.tensors)


def _wasted(trace: Trace, step: Step) -> tuple[Backward, ZeroGrad, Level] | None:
    """The walk and the clearing that leave a step nothing to use, if that is all that came before it."""
    if step.optimizer is None or not step.optimizer.parameters or not step.optimizer.exact:
        return None
    waiting: set[Tensor] = set(step.optimizer.parameters)
    cleared: ZeroGrad | None = None
    for event in reversed(trace.events[: step.index]):
        if isinstance(event, Backward) and event.api != "autograd.grad":
            filled = [event.walk.leaves[tensor] for tensor in waiting if tensor in event.walk.leaves]
            if filled:
                return None if cleared is None else (event, cleared, max(filled))
        elif isinstance(event, ZeroGrad):
            if cleared is None and not waiting <= set(event.tensors):
                return None
            cleared = cleared or event
        elif isinstance(event, (Escape, Unseen)) or _given(event, waiting) or _uses(event, waiting):
            return None
    return None


def _select(trace: Trace) -> Iterator[tuple[Event, Backward, Step, Level]]:
    for step in trace.of(Step):
        wasted = _wasted(trace, step)
        if wasted is not None:
            walk, cleared, level = wasted
            yield cleared, walk, step, level


def find(runs: Runs) -> Iterable[Finding]:
    """Clearings that leave a step nothing, on every path that comes from the walk to the step."""
    found: list[Sighting] = []
    around: dict[int, tuple[Backward, Step]] = {}
    for root, trace in runs.traces():
        for cleared, walk, step, level in _select(trace):
            found.append(Sighting(root, trace, cleared, level))
            around[id(cleared)] = walk, step
    for place, group in by_place(found).items():
        if group[0].level < Level.LIKELY:
            continue
        cleared = group[0].event
        walk, step = around[id(cleared)]
        message = (
            f"{code(cleared.site)} throws away the gradients of {code(walk.site)} ({line(walk.site, cleared.site)}) "
            f"before {code(step.site)} ({line(step.site, cleared.site)}) can use them"
        )
        related = (
            Related("the gradients were computed here", walk.site.place),
            Related("and this step finds none", step.site.place),
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL305",
    name="gradient-discarded",
    summary="Gradients are cleared between a backward and the step that should have used them.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="display",
)
