"""A boundary lives through several steps and its gradient is never cleared.

## What it does

Reports `z.backward(gradient=d.grad)` where `d.grad` still holds what was sent in an earlier step.

## Why is this bad?

`d.grad` accumulates. `optimizer.zero_grad()` and `model.zero_grad()` do not know `d`, so from the second step on the
trunk receives the gradients of all earlier steps again. Nothing raises.

## Example

```python
import torch
from torch import nn

trunk, head = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1)
opt = torch.optim.SGD([*trunk.parameters(), *head.parameters()], lr=0.1)
d = torch.zeros(3, 8, requires_grad=True)
for _ in range(3):
    opt.zero_grad()
    z = trunk(torch.randn(3, 4))
    with torch.no_grad():
        d.copy_(z)
    head(d).pow(2).mean().backward()
    z.backward(gradient=d.grad)
    opt.step()
```

## Use instead

```python
import torch
from torch import nn

trunk, head = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1)
opt = torch.optim.SGD([*trunk.parameters(), *head.parameters()], lr=0.1)
for _ in range(3):
    opt.zero_grad()
    z = trunk(torch.randn(3, 4))
    d = z.detach().requires_grad_()
    head(d).pow(2).mean().backward()
    z.backward(gradient=d.grad)
    opt.step()
```

or set `d.grad = None` after it was sent.

## Fix safety

Unsafe: it changes the trunk's gradient, to the right one.

## Facts

- A new boundary for each step costs nothing: `detach()` shares the memory of `z`.

## References

- [torch.Tensor.grad](https://pytorch.org/docs/stable/generated/torch.Tensor.grad.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.reinjection import earlier_send
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code

_ADVICE = "make the boundary anew in each step with `z.detach().requires_grad_()`, or clear its gradient after sending"


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        if event.sends is None or event.failure is not None or earlier_send(trace, event) is not None:
            continue
        for earlier in trace.of(Backward):
            # Walks of both are still in the gradient, and others were added in between: it was never cleared.
            if earlier.index < event.index and earlier.sends is event.sends:
                if earlier.sent_walks and set(earlier.sent_walks) < set(event.sent_walks):
                    yield event, event.sends.gradient.level
                    break


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that send on a gradient which holds an earlier step's part."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward) and event.sends is not None
        message = f"{code(event.site)} sends on a gradient that still holds what was sent in an earlier step"
        site = event.sends.site
        related = (Related("the boundary was made here, once for all steps", site.place),) if site else ()
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL303",
    name="stale-boundary-gradient",
    summary="A boundary lives through several steps and its gradient is never cleared.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="unsafe",
)
