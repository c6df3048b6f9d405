"""The boundary's gradient is sent through the trunk more than once.

## What it does

Reports `z.backward(gradient=d.grad)` inside the loop over the heads: each turn sends on everything that `d.grad`
has collected so far. Without `retain_graph` the second turn raises; with it nothing raises.

## Why is this bad?

`d.grad` grows with each head. Sent after every head, the first head's gradient reaches the trunk n times, the
second's n - 1 times, and so on. The trunk learns from the wrong gradient, and nothing says so.

## Example

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]

z = trunk(torch.randn(3, 4))
d = z.detach().requires_grad_()
for head in heads:
    head(d).pow(2).mean().backward()
    z.backward(gradient=d.grad, retain_graph=True)  # the first head counts twice
```

## Use instead

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]

z = trunk(torch.randn(3, 4))
d = z.detach().requires_grad_()
for head in heads:
    head(d).pow(2).mean().backward()
z.backward(gradient=d.grad)
```

## Fix safety

Unsafe: moving the call behind the loop changes the trunk's gradient, to the right one.

## Facts

- `d.grad` accumulates, like every leaf's. Clearing it after each send gives the right gradient and walks the
  trunk once for each head.

## References

- [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.reinjection import sent_again
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, line

_ADVICE = "send the boundary's gradient once, behind the last head"


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        again = sent_again(trace, event)
        if again is not None:
            yield event, again[1]


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that send on a boundary's gradient of which a part was sent before."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward)
        again = sent_again(group[0].trace, event)
        assert again is not None
        earlier = again[0]
        same = earlier.site == event.site
        before = "in every turn of the loop" if same else f"again, after {line(earlier.site, event.site)}"
        effect = (
            "the second time it meets a freed graph" if event.failure else "earlier heads are counted more than once"
        )
        message = f"{code(event.site)} sends the boundary's gradient through the trunk {before}: {effect}"
        boundary = event.sends
        related = [Related("the gradient was first sent here", earlier.site.place)] if not same else []
        if boundary is not None and boundary.site is not None:
            related.append(Related("the boundary was made here", boundary.site.place))
        yield Finding(
            RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), tuple(related)
        )


RULE = Rule(
    code="MHL302",
    name="reinject-in-loop",
    summary="The boundary's gradient is sent through the trunk more than once.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="unsafe",
)
