"""Several backward calls walk the same trunk, and nothing between them needs their gradients apart.

## What it does

Reports a backward call that walks a part of the graph that an earlier call with `retain_graph=True` has walked
already, where nothing between the two reads, clips, clears, hooks or steps on the gradients of the first.

## Why is this bad?

Every call walks the whole trunk again: with n losses, n walks where one is enough. The retained graph also keeps
all its saved tensors in memory until the last call. Under DistributedDataParallel the extra walks raise, or let
the replicas drift apart; over a checkpointed trunk each of them runs the forward again.

## Example

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1), nn.Linear(8, 1)

z = trunk(torch.randn(3, 4))
loss_a = head_a(z).pow(2).mean()
loss_b = head_b(z).pow(2).mean()
loss_a.backward(retain_graph=True)
loss_b.backward()  # walks the trunk again
```

## Use instead

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

Where each head can run next to its own backward, detach-reinject walks the trunk once as well, and has one
head's tensors in memory at a time:

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

Safe where the gradients are provably the same: they then differ by rounding only. A hook on the trunk runs once
in place of n times, so code with hooks is left alone.

## Facts

- Backward of the trunk costs about twice its forward: n retained walks take (1 + 2n) / 3 times the trunk's time
  in a summed step.
- Methods that need each loss's own gradient (gradient surgery, gradient norms for each task, clipping for each
  loss) read `.grad` between the walks. They are not reported.

## References

- [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.trace import Backward, Runs, Trace
from mhlint.findings import Finding, Place, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, crosses_calls, when
from mhlint.rules.rule import Rule
from mhlint.rules.walking import needs_apart, shared_trunk
from mhlint.rules.wording import built, code, other_walk
from mhlint.rules.wrapped_forwards import through_one_wrapper

_ADVICE = "call backward() once on the sum of the losses, or use the detach-reinject step"
_TWICE_ADVICE = "walk it once; if the doubled gradient is meant, write `(2 * loss).backward()`"


def _ordinary(event: Backward) -> bool:
    return (
        event.api != "autograd.grad" and event.inputs is None and not event.creates_graph and event.failure is None
    )


def _pairs(trace: Trace) -> Iterator[tuple[Backward, Backward, Node, Level]]:
    walks = [event for event in trace.of(Backward) if _ordinary(event)]
    for position, later in enumerate(walks):
        for first in reversed(walks[:position]):
            if not (first.retains and first.explicit_retain):
                continue
            if (later.sends is not None and later.sends is first.sends) or through_one_wrapper(first, later):
                continue
            shared = shared_trunk(first, later)
            if shared is not None and shared[1] >= Level.GUESS and not crosses_calls(trace, shared[0], later):
                yield first, later, *shared
                break


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that repeat a retained walk for nothing, on every path on which both are made."""
    found: list[Sighting] = []
    because: dict[int, tuple[Backward, Node]] = {}
    needed: set[Place] = set()
    for root, trace in runs.traces():
        # Where a statement raises on some path, the repair of that walks once, too.
        needed.update(event.site.place for event in trace.of(Backward) if event.failure and not event.caught)
        for first, walk, node, level in _pairs(trace):
            if needs_apart(trace, first, walk):
                needed.add(walk.site.place)
            else:
                found.append(Sighting(root, trace, walk, level))
                because[id(walk)] = first, node
    for place, group in by_place(found).items():
        if place in needed:
            continue
        later = group[0].event
        first, node = because[id(later)]
        assert isinstance(later, Backward)
        twice = any(root.node is not None and root.node in {r.node for r in later.roots} for root in first.roots)
        message = (
            f"{code(later.site)} walks the graph of {built(node, later.site)} again after {other_walk(first, later)}, "
            f"and nothing in between needs the gradients apart"
        )
        if twice:
            message = f"{code(later.site)} walks a loss that {other_walk(first, later)} has walked: it counts twice"
        related = (
            Related("the shared graph was built here", node.site.place),
            Related("and first walked here", first.site.place),
        )
        advice = _TWICE_ADVICE if twice else _ADVICE
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), advice, when(group), related)


RULE = Rule(
    code="MHL201",
    name="redundant-trunk-backward",
    summary="Several backward calls walk the same trunk, and nothing needs their gradients apart.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="safe",
)
