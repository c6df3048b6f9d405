"""A backward call walks a graph that an earlier backward call of the same step has freed.

## What it does

Follows what each walk frees. A walk (one `backward()` or `autograd.grad()` call) frees the saved tensors of
every operation that it visits, unless it is told to retain them. A later walk that meets one of these
operations raises `RuntimeError: Trying to backward through the graph a second time`. Usual causes: two losses
on one trunk, a loop over heads whose trunk stands outside the loop, a discriminator's loss on a generator's
output that the generator's loss uses again.

A graph that comes from an earlier turn of a loop is reported as `carried-graph`.

## Why is this bad?

The program stops there. Before it does, the walk has already added gradients to the parameters above the
freed part, so catching the error leaves half a gradient behind.

## Example

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1), nn.Linear(8, 1)

z = trunk(torch.randn(3, 4))
head_a(z).pow(2).mean().backward()
head_b(z).pow(2).mean().backward()  # raises: the trunk's graph is freed
```

## Use instead

Walk the sum of the losses:

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1), nn.Linear(8, 1)

z = trunk(torch.randn(3, 4))
loss_a = head_a(z).pow(2).mean()
loss_b = head_b(z).pow(2).mean()
(loss_a + loss_b).backward()
```

or free each head before the next one runs, and walk the trunk once with what the heads have collected:

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

If the first loss is not meant to train what made its input (a discriminator's loss), give it `z.detach()`.

`retain_graph=True` on the first call also ends the error. It walks the trunk once for each loss.

## Fix safety

Summing and detach-reinject give the gradients of the retained walks, up to rounding, and are safe where nothing
reads or changes gradients between the walks. Detaching a generator's output changes what is trained and is
unsafe.

## Facts

- Only operations that save tensors count. Adding, reshaping, slicing, summing and averaging save nothing;
  nearly everything else does, also `* 2` and `/ 2`.
- Parameters and inputs are no part of the graph: two forwards of one module share nothing.
- Several outputs of one operation are one operation. So are all outputs of a compiled function.
- `autograd.grad(loss, z)` frees only what lies between `loss` and `z`.

## References

- [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
- [Autograd mechanics](https://pytorch.org/docs/stable/notes/autograd.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, carried, confidence, sightings, when, within_calls
from mhlint.rules.reinjection import sent_again
from mhlint.rules.rule import Rule
from mhlint.rules.wording import built, code, other_walk

_ADVICE = (
    "call backward() once on the sum of the losses, or walk each head on `d = z.detach().requires_grad_()` and then "
    "the trunk once with `z.backward(gradient=d.grad)`"
)


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        failure = event.failure
        if failure is None or failure.kind != "freed" or event.caught or failure.node is None:
            continue
        if not carried(failure.node, event) and sent_again(trace, event) is None:
            yield event, within_calls(trace, failure.node, event, failure.level)


def find(runs: Runs) -> Iterable[Finding]:
    """Walks over kept nodes that an earlier walk of the same step freed."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward) and event.failure and event.failure.node and event.failure.earlier
        node, earlier = event.failure.node, event.failure.earlier
        message = (
            f"{code(event.site)} walks the graph of {built(node, event.site)} a second time; "
            f"{other_walk(earlier, event)} has freed it"
        )
        related = (
            Related("the graph was built here", node.site.place),
            Related("and freed by this walk", earlier.site.place),
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL101",
    name="second-backward",
    summary="A backward call walks a graph that an earlier one of the same step has freed.",
    triggers=(b"backward", b"autograd", b"training_step", b"compute_loss", b"Trainer(", b"skorch"),
    find=find,
    fix="safe",
)
