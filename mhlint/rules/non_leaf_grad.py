"""`.grad` is read from a tensor that never gets one.

## What it does

Reports reading `.grad` of a tensor that is the result of an operation, where `retain_grad()` was not called on it.

## Why is this bad?

It is always None, with a warning that is easy to miss. A walk fills `.grad` of leaves only: of parameters, and of
tensors that were made with `requires_grad=True`.

## Example

```python
import torch
from torch import nn

z = nn.Linear(4, 2)(torch.randn(3, 4))
z.pow(2).mean().backward()
print(z.grad)  # None
```

## Use instead

```python
import torch
from torch import nn

z = nn.Linear(4, 2)(torch.randn(3, 4))
z.retain_grad()
z.pow(2).mean().backward()
print(z.grad)
```

or ask for it: `(g,) = torch.autograd.grad(loss, z)`.

## Fix safety

Inserting `retain_grad()` before the walk is safe where nothing depends on the gradient being None.

## Facts

- `torch.randn(3, requires_grad=True).double()` is a result, too, and keeps no gradient; so is a leaf moved with
  `.cuda()`.
- `retain_grad()` on a tensor without a graph raises, on a leaf it does nothing.

## References

- [torch.Tensor.retain_grad](https://pytorch.org/docs/stable/generated/torch.Tensor.retain_grad.html)
- [torch.Tensor.is_leaf](https://pytorch.org/docs/stable/generated/torch.Tensor.is_leaf.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Event, ReadGrad, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, line

_ADVICE = "call `retain_grad()` on the tensor before the walk, or read the gradient of the leaf that is meant"


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(ReadGrad):
        tensor = event.tensor
        if tensor.node is not None and not tensor.retains_grad:
            yield event, min(event.level, Level.LIKELY) if tensor.unseen_call else event.level


def find(runs: Runs) -> Iterable[Finding]:
    """Reads of a gradient that no walk fills."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, ReadGrad) and event.tensor.node is not None
        node = event.tensor.node
        message = (
            f"{code(event.site)} is always None: the tensor is the result of {code(node.site)} on "
            f"{line(node.site, event.site)}, and walks fill `.grad` of leaves only"
        )
        related = (Related("the tensor was made here", node.site.place),)
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL304",
    name="non-leaf-grad",
    summary="`.grad` is read from a tensor that is no leaf and does not retain its gradient.",
    triggers=(b".grad",),
    find=find,
    fix="safe",
)
