"""Under DistributedDataParallel a second walk after one forward is not averaged over the replicas.

## What it does

Reports a walk that fills parameters of a DistributedDataParallel module after the one walk that its last forward
has prepared.

## Why is this bad?

Nothing raises. Only the first walk is averaged over the processes; the gradients of the second stay each
process's own. From the next step on the replicas hold different weights, and drift apart.

## Example

```python
# one process of several
trunk = torch.nn.parallel.DistributedDataParallel(trunk)
z = trunk(x)
head_a(z).pow(2).mean().backward(retain_graph=True)
head_b(z).pow(2).mean().backward()  # not averaged
```

## Use instead

```python
# one process of several
trunk = torch.nn.parallel.DistributedDataParallel(trunk)
z = trunk(x)
(head_a(z).pow(2).mean() + head_b(z).pow(2).mean()).backward()
```

or walk the heads on a detached boundary and the trunk once.

## Fix safety

Unsafe: one walk is averaged over the replicas, so the gradients of the later losses become other ones (those that
were meant).

## Facts

- The forward decides that the next walk is averaged. Two forwards and then two walks are not averaged the second
  time, although they share no graph; forward, walk, forward, walk is right.
- `find_unused_parameters`, `static_graph` and `no_sync()` do not help: with the first walks under `no_sync()` nothing
  is averaged at all.

## References

- [DistributedDataParallel](https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html)
"""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Runs
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, other_walk
from mhlint.rules.wrapped_forwards import ExtraWalk, extra_walks

_ADVICE = "make one walk for each forward: sum the losses, or use detach-reinject around the wrapped trunk"


def find(runs: Runs) -> Iterable[Finding]:
    """Walks whose gradients stay with the replica that computed them."""
    found: list[Sighting] = []
    extras: dict[int, ExtraWalk] = {}
    for root, trace in runs.traces():
        for extra in extra_walks(trace):
            if not extra.marks_twice and extra.level >= Level.LIKELY:
                found.append(Sighting(root, trace, extra.event, extra.level))
                extras[id(extra.event)] = extra
    for place, group in by_place(found).items():
        event = group[0].event
        extra = extras[id(event)]
        message = (
            f"{code(event.site)} is not averaged over the replicas: {other_walk(extra.first, event)} was the one walk "
            f"that the forward had prepared"
        )
        related = (
            Related("the wrapped forward ran here", extra.call.site.place),
            Related("and this walk is averaged", extra.first.site.place),
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL308",
    name="replicas-drift",
    summary="Under DistributedDataParallel a second walk after one forward is not averaged.",
    triggers=(b"DistributedDataParallel",),
    find=find,
    fix="unsafe",
)
