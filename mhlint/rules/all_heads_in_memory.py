"""One backward of summed losses keeps the tensors of all heads in memory at once. Off by default.

## What it does

Reports a backward call of a sum of losses whose heads all start from one tensor. Until the call, the saved tensors
of every head are alive together.

## Why is this bad?

With wide heads (a large vocabulary, say) each head's logits weigh more than the trunk. One backward of the sum
has n of them alive, the detach-reinject step one, for the same gradients and the same work.

It is off by default: for small heads the sum is shorter and just as good. Turn it on with
`extend-select = ["MHL204"]`.

## Example

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1000), nn.Linear(8, 1000)

z = trunk(torch.randn(3, 4))
loss_a = head_a(z).pow(2).mean()
loss_b = head_b(z).pow(2).mean()
(loss_a + loss_b).backward()
```

## Use instead

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1000), nn.Linear(8, 1000)

z = trunk(torch.randn(3, 4))
d = z.detach().requires_grad_()
head_a(d).pow(2).mean().backward()
head_b(d).pow(2).mean().backward()
z.backward(gradient=d.grad)
```

## Fix safety

Safe where the losses are written out, their heads run one after the other, nothing between them reads or clears a
gradient, and the gradients are provably the same: they then differ by rounding only. Elsewhere it is said why a person
has to make it.

## Facts

- Measured with heads that outweigh the trunk: the sum's peak is (n + 2) / 3 times that of detach-reinject.

## References

- [torch.Tensor.detach](https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, ModuleCall, Runs, Trace
from mhlint.autograd.values import Tensor, tensors_in
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code

_ADVICE = "walk each head on `d = z.detach().requires_grad_()` once it is built, then `z.backward(gradient=d.grad)`"


def _heads(trace: Trace, event: Backward) -> list[ModuleCall]:
    """The calls in a walk that have one and the same input and no parameter in common."""
    groups: dict[Tensor, list[ModuleCall]] = {}
    for call in trace.of(ModuleCall):
        if call.index > event.index or len(call.inputs) != 1 or not call.parameters:
            continue
        tensor = call.inputs[0][0]
        outputs = {out.node for out in tensors_in(call.output)}
        if tensor.node in event.walk.nodes and any(node in event.walk.nodes for node in outputs if node):
            group = groups.setdefault(tensor, [])
            if not any(set(call.parameters) & set(other.parameters) for other in group):
                group.append(call)
    return max(groups.values(), key=len, default=[])


def _adds_up(event: Backward) -> bool:
    """Is what is walked a sum of several losses?"""
    if len(event.roots) > 1:
        return True
    node = event.roots[0].node if event.roots else None
    return node is not None and (node.op in ("+", "+=", "stack", "sum") or "sum" in node.op)


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        if event.failure is None and not event.retains and event.api != "autograd.grad" and _adds_up(event):
            heads = _heads(trace, event)
            if len(heads) > 1:
                yield event, min(head.level for head in heads)


def find(runs: Runs) -> Iterable[Finding]:
    """Walks of a sum whose heads all start from one tensor."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward)
        heads = _heads(group[0].trace, event)
        message = f"{code(event.site)} has the tensors of {len(heads)} heads on one trunk in memory at once"
        related = tuple(
            dict.fromkeys(Related("a head runs here, and stays until then", head.site.place) for head in heads)
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL204",
    name="all-heads-in-memory",
    summary="One backward of summed losses keeps the tensors of all heads in memory at once.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="safe",
    default=False,
)
