"""`torch.autograd.Variable` is used.

## What it does

Reports calls of `Variable(t, ...)`.

## Why is this bad?

Tensors have been what Variables were since PyTorch 0.4. The call still does something that its name no longer
says: it cuts `t` from its graph, as `t.detach()` does. Code that relies on the cut without knowing breaks when it
is cleaned up, and code that does not know of it trains less than it should.

## Example

```python
import torch
from torch.autograd import Variable

x = Variable(torch.randn(3, 4))
```

## Use instead

```python
import torch

x = torch.randn(3, 4)
```

For a tensor that has a graph write `t.detach()`; for `Variable(t, requires_grad=True)` write
`t.detach().requires_grad_()`.

## Fix safety

Safe where the flag is a literal and the tensor has no graph.

## Facts

- `Variable(loss, requires_grad=True)` makes a loss without a graph look as if it had one; see `gradientless-loss`.
- `volatile=True` has no effect any more; use `torch.no_grad()`.

## References

- [Variable (deprecated)](https://pytorch.org/docs/stable/autograd.html#variable-deprecated)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Event, Misuse, Runs, Trace
from mhlint.autograd.values import Tensor
from mhlint.findings import Finding
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Misuse):
        if event.kind == "variable":
            yield event, event.level


def find(runs: Runs) -> Iterable[Finding]:
    """Calls of Variable."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Misuse)
        cuts = any(isinstance(value, Tensor) and value.node is not None for value in event.values)
        effect = "what it does here is `detach()`" if cuts else "a tensor needs no wrapper"
        message = f"{code(event.site)} uses Variable, which is deprecated: {effect}"
        advice = "write `.detach()`" if cuts else "use the tensor itself, with `.requires_grad_()` where asked for"
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), advice, when(group))


RULE = Rule(
    code="MHL402",
    name="deprecated-variable",
    summary="`torch.autograd.Variable` is used; tensors need no wrapper.",
    triggers=(b"Variable",),
    find=find,
    fix="safe",
)
