"""A walk has nothing to start from: no gradient for a tensor of many elements, or no graph at all.

## What it does

Reports `z.backward(gradient=d.grad)` where `d.grad` is None: `d` does not require grad, no head has been walked
yet, or the gradient was cleared; `z.backward()` of a tensor that has more than one element; and the walk of a tensor
that has no graph on any path, as after `argmax`, `.detach()`, `torch.tensor(losses)`, under `no_grad` or with all
parameters frozen. The last is said of what the script itself runs: a function that nothing in the file calls may meet
losses that others have stored.

## Why is this bad?

It raises `RuntimeError: grad can be implicitly created only for scalar outputs`, or `element 0 of tensors does not
require grad and does not have a grad_fn`. If `z` has a single element, `z.backward(gradient=d.grad)` does not raise:
the walk starts from the gradient 1, and the heads' gradients are lost.

## Example

```python
import torch
from torch import nn

trunk, head = nn.Linear(4, 8), nn.Linear(8, 1)

z = trunk(torch.randn(3, 4))
d = z.detach()
head(d).pow(2).mean().backward()
z.backward(gradient=d.grad)  # raises: d does not require grad, so d.grad is None
```

## Use instead

```python
import torch
from torch import nn

trunk, head = nn.Linear(4, 8), nn.Linear(8, 1)

z = trunk(torch.randn(3, 4))
d = z.detach().requires_grad_()
head(d).pow(2).mean().backward()
z.backward(gradient=d.grad)
```

A loss that has one value for each row needs `.mean()` or `.sum()` before its backward. One without a graph has to be
built anew from what the model gave: `torch.stack(losses)` keeps the graph that `torch.tensor(losses)` cuts.

## Fix safety

Adding `requires_grad_()` to the boundary is safe: without it the program raises.

## Facts

- `z.detach().requires_grad_()`, `z.data.requires_grad_()`, `nn.Parameter(z.detach())` and
  `z.detach().clone().requires_grad_()` make a boundary; `z.clone().requires_grad_()` and `z.requires_grad_()` do not.
- `.grad` is filled in leaves only. The trunk's own output `z` has none: send `d.grad`.
- With several trunk outputs, one call sends all gradients:
  `torch.autograd.backward([z1, z2], [d1.grad, d2.grad])`.

## References

- [torch.Tensor.backward](https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html)
- [torch.Tensor.grad](https://pytorch.org/docs/stable/generated/torch.Tensor.grad.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Failure, Runs, Trace
from mhlint.findings import Finding, Place, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code

_KINDS = ("no-gradient", "non-scalar", "no-graph")


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        failure = event.failure
        if failure is None or failure.kind not in _KINDS or event.caught:
            continue
        # A function that nothing seen calls meets objects that others have filled by then: a list that is empty at
        # first holds losses when it is read. Only the script is run from its start.
        if failure.kind != "no-graph" or trace.root == "script":
            yield event, failure.level


def _explained(event: Backward, failure: Failure) -> tuple[str, str]:
    walk, tensor = code(event.site), failure.tensor
    if failure.kind == "non-scalar":
        return (
            f"{walk} starts from a tensor of more than one element and is given no gradient",
            "reduce it with `.mean()` or `.sum()`, or pass `gradient=`",
        )
    if failure.kind == "no-graph":
        return (
            f"{walk} has no graph to walk: what it is asked for does not require grad",
            "build it from the model's outputs, with gradients on, and leave out what cuts (`.detach()`, `.item()`, "
            "`argmax`, `torch.tensor(...)`)",
        )
    if tensor is not None and tensor.node is not None:
        return (
            f"{walk} is given None: the tensor whose `.grad` it passes is not a leaf",
            "pass the gradient of the detached boundary that the heads were walked on",
        )
    if tensor is not None and tensor.requires_grad is False:
        return (
            f"{walk} is given None: the boundary does not require grad, so the heads' walks left it no `.grad`",
            "make the boundary with `z.detach().requires_grad_()`",
        )
    return (
        f"{walk} is given None: no walk has filled that `.grad` by then",
        "walk the heads first, and clear the boundary's gradient only after it was sent on",
    )


def _on_every_path(runs: Runs, place: Place) -> bool:
    """Does each path that walks at a place do so without a graph? A loss with no optional part is seldom meant."""
    for root, trace in runs.traces():
        walks = [event.failure for event in trace.of(Backward) if event.site.place == place]
        if walks and not (root.complete and any(failure and failure.kind == "no-graph" for failure in walks)):
            return False
    return True


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that have no gradient or no graph to start from."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward) and event.failure
        if event.failure.kind == "no-graph" and not _on_every_path(runs, place):
            continue
        message, advice = _explained(event, event.failure)
        tensor = event.failure.tensor
        related = (Related("the tensor was made here", tensor.site.place),) if tensor and tensor.site else ()
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), advice, when(group), related)


RULE = Rule(
    code="MHL104",
    name="reinject-without-gradient",
    summary="A tensor is walked that has no graph, or that has many elements and is given no gradient.",
    triggers=(b"backward", b"autograd", b"training_step", b"compute_loss", b"Trainer(", b"skorch"),
    find=find,
    fix="safe",
)
