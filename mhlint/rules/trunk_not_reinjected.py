"""Heads train on a detached boundary, and its gradient is never sent on to the trunk.

## What it does

Reports a boundary (`d = z.detach().requires_grad_()`) that collects gradients, where no path walks the trunk or
reads the boundary's gradient, although an optimizer that steps was given the trunk's parameters.

## Why is this bad?

Nothing raises. The heads learn, the trunk stays as it was initialised.

## Example

```python
import torch
from torch import nn

trunk, head = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1)
opt = torch.optim.SGD([*trunk.parameters(), *head.parameters()], lr=0.1)

z = trunk(torch.randn(3, 4))
d = z.detach().requires_grad_()
head(d).pow(2).mean().backward()
opt.step()  # the trunk has no gradient
```

## Use instead

```python
import torch
from torch import nn

trunk, head = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1)
opt = torch.optim.SGD([*trunk.parameters(), *head.parameters()], lr=0.1)

z = trunk(torch.randn(3, 4))
d = z.detach().requires_grad_()
head(d).pow(2).mean().backward()
z.backward(gradient=d.grad)
opt.step()
```

If the trunk is meant to stay as it is, detach without `requires_grad_()`, or freeze it.

## Fix safety

Unsafe: sending the gradient on starts to train the trunk.

## Facts

- The call belongs behind the last head and before the step. Behind the step, the trunk is always one step late.

## References

- [torch.Tensor.detach](https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.graph import walk as visited_from
from mhlint.autograd.trace import Backward, Detach, Escape, ReadGrad, Runs, Step, Trace
from mhlint.autograd.values import Tensor
from mhlint.findings import Finding, Place, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import built, code

_ADVICE = "after the last head and before the step, call `z.backward(gradient=d.grad)`"


def _collected(trace: Trace, boundary: Tensor) -> Level:
    """How sure a walk, other than for the boundary's own gradient, fills the boundary."""
    return max(
        (event.walk.leaves.get(boundary, Level.NO) for event in trace.of(Backward) if event.inputs is None),
        default=Level.NO,
    )


def _used(trace: Trace, cut: Detach, trunk: set[Tensor]) -> bool:
    """Does anything read the boundary's gradient or walk the trunk, or may code do so that is not seen?"""
    for event in trace.events:
        if isinstance(event, Backward):
            if event.sends is cut.result or cut.result in (event.inputs or ()):
                return True
            if not trunk.isdisjoint(event.walk.leaves):
                return True
        elif isinstance(event, ReadGrad) and event.tensor is cut.result:
            return True
        elif isinstance(event, Escape) and event.index > cut.index:
            if cut.tensor in event.tensors or cut.result in event.tensors:
                return True
    return cut.result.hooked


def _cuts(trace: Trace) -> Iterator[tuple[Detach, Level, bool]]:
    """Boundaries with trainable trunks below them: how sure, and whether the trunk is served after all."""
    stepped = {
        parameter
        for event in trace.of(Step)
        if event.optimizer is not None
        for parameter in event.optimizer.parameters
    }
    for cut in trace.of(Detach):
        start = cut.tensor.graph()
        if cut.result.requires_grad is not True or cut.tensor.node is None or start is None:
            continue
        leaves = visited_from([start]).leaves
        trunk = {leaf for leaf in leaves if leaf.requires_grad and leaf in stepped}
        level = min(start[1], _collected(trace, cut.result))
        if trunk and level >= Level.LIKELY:
            yield cut, level, _used(trace, cut, trunk)


def find(runs: Runs) -> Iterable[Finding]:
    """Boundaries whose gradient reaches the trunk on no path."""
    found: list[Sighting] = []
    served: set[Place] = set()
    for root, trace in runs.traces():
        for boundary, level, used in _cuts(trace):
            if used or trace.ended != "done":
                served.add(boundary.site.place)
            else:
                found.append(Sighting(root, trace, boundary, level))
    for place, group in by_place(found).items():
        if place in served:
            continue
        cut = group[0].event
        assert isinstance(cut, Detach) and cut.tensor.node is not None
        message = (
            f"the gradient that {code(cut.site)} collects is never sent on: {built(cut.tensor.node, cut.site)} and "
            f"what is below it do not train, though an optimizer was given their parameters"
        )
        related = (Related("the trunk's output was made here", cut.tensor.node.site.place),)
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL301",
    name="trunk-not-reinjected",
    summary="Heads train on a detached boundary whose gradient is never sent on to the trunk.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="unsafe",
)
