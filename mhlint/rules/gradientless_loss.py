"""A loss that has no graph is made to look as if it had one.

## What it does

Reports `loss.requires_grad_()`, `loss.requires_grad = True`, `Variable(loss, requires_grad=True)` and
`torch.tensor(loss, requires_grad=True)` on a value without a graph that is then walked.

## Why is this bad?

It silences `element 0 of tensors does not require grad`. The walk now ends where it begins: in a fresh leaf. No
parameter gets a gradient, and nothing trains.

## Example

```python
import torch
from torch import nn

model = nn.Linear(4, 3)
predicted = model(torch.randn(5, 4)).argmax(dim=1)
loss = predicted.ne(torch.zeros(5)).float().mean()
loss.requires_grad_()
loss.backward()  # runs, and model's parameters have no gradient
```

## Use instead

```python
import torch
from torch import nn

model = nn.Linear(4, 3)
scores = model(torch.randn(5, 4))
loss = nn.functional.cross_entropy(scores, torch.zeros(5, dtype=torch.long))
loss.backward()
```

## Fix safety

Shown only: the loss has to be made from operations that have a derivative, all the way from the parameters.

## Facts

- `argmax`, comparisons, `.item()`, `.detach()`, `torch.tensor(...)` of tensors and conversions to integers end the
  graph. `torch.stack` and `sum` keep it.

## References

- [torch.Tensor.requires_grad_](https://pytorch.org/docs/stable/generated/torch.Tensor.requires_grad_.html)
"""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Runs
from mhlint.findings import Finding, Place, Related
from mhlint.rules.gathering import Sighting, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, line
from mhlint.syntax.program import Site

_ADVICE = "build the loss from differentiable operations on the model's output, and drop the flag"


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that start and end in a leaf which was a loss without a graph."""
    groups: dict[Place, tuple[Site, list[Sighting]]] = {}
    for root, trace in runs.traces():
        for event in trace.of(Backward):
            for tensor in event.roots:
                if tensor.silenced_at is None or tensor.node is not None or not tensor.requires_grad:
                    continue
                if event.inputs is not None and tensor in event.inputs:
                    continue  # its own gradient is asked for: what it was made from may train nothing
                level = Level.LIKELY if tensor.unseen_call else Level.CERTAIN
                site = tensor.silenced_at
                groups.setdefault(site.place, (site, []))[1].append(Sighting(root, trace, event, level))
    for place, (site, group) in groups.items():
        group.sort(key=lambda sighting: -sighting.level)
        walk = group[0].event
        message = (
            f"{code(site)} hides that this loss has no graph: {code(walk.site)} on {line(walk.site, site)} trains "
            f"nothing"
        )
        related = (Related("the walk that goes nowhere", walk.site.place),)
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL307",
    name="gradientless-loss",
    summary="A loss that has no graph is made to look as if it had one; nothing trains.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="display",
)
