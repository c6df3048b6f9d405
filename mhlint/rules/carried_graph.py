"""A backward call in a loop walks a graph from an earlier turn, which that turn's backward has freed.

## What it does

Follows graphs from one turn of a loop (or one call of a method) into the next: a hidden state that is never
detached, a total loss that keeps growing, a buffer of past outputs, an attribute that an earlier call set.
Once that earlier turn's walk has freed the graph, the walk that meets it again raises
`RuntimeError: Trying to backward through the graph a second time`.

## Why is this bad?

The first turn runs, the second (sometimes the third) raises. With `retain_graph=True` the graph grows by one
turn each time, so does the time of every walk, and an optimizer step in between raises an error of its own.

## Example

```python
import torch
from torch import nn

cell = nn.GRUCell(3, 5)
h = torch.zeros(2, 5)
for _ in range(3):
    h = cell(torch.randn(2, 3), h)
    h.pow(2).mean().backward()  # raises in the second turn: h still holds the first turn's graph
```

## Use instead

```python
import torch
from torch import nn

cell = nn.GRUCell(3, 5)
h = torch.zeros(2, 5)
for _ in range(3):
    h = cell(torch.randn(2, 3), h.detach())
    h.pow(2).mean().backward()
```

For a log, carry numbers: `total += loss.item()`. To train through several turns, add up their losses and walk
once behind the loop.

## Fix safety

Unsafe: detaching ends back-propagation through time at that place.

## Facts

- A carried value without an operation that saves tensors (`h = h + bias`) never raises.
- `total = total + loss; total.backward()` raises in the second turn, `total += loss.item()` does not.
- A GRU cell that starts from zeros keeps no weights in its first turn: with a step in the loop the error may
  come in the third turn only.

## References

- [torch.Tensor.detach](https://pytorch.org/docs/stable/generated/torch.Tensor.detach.html)
- [Autograd mechanics](https://pytorch.org/docs/stable/notes/autograd.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, carried, confidence, crosses_calls, sightings, when, within_calls
from mhlint.rules.reinjection import sent_again
from mhlint.rules.rule import Rule
from mhlint.rules.wording import built, code

_ADVICE = "detach the value where it is carried over; for a log, carry `loss.item()`"


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        failure = event.failure
        if failure is None or failure.kind != "freed" or event.caught or failure.node is None:
            continue
        if carried(failure.node, event) and sent_again(trace, event) is None:
            yield event, within_calls(trace, failure.node, event, failure.level)


def find(runs: Runs) -> Iterable[Finding]:
    """Walks over kept nodes of an earlier turn that a walk has freed."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward) and event.failure and event.failure.node and event.failure.earlier
        node, earlier = event.failure.node, event.failure.earlier
        since = "an earlier call" if crosses_calls(group[0].trace, node, event) else "an earlier turn of the loop"
        message = (
            f"{code(event.site)} walks back into {since}, through {built(node, event.site)}, "
            f"whose graph is freed by then"
        )
        related = (
            Related("the graph was built here, in an earlier turn", node.site.place),
            Related("and freed by this walk", earlier.site.place),
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL102",
    name="carried-graph",
    summary="A backward call walks a freed graph of an earlier turn of the loop.",
    triggers=(b"backward", b"autograd", b"training_step", b"compute_loss", b"Trainer(", b"skorch"),
    find=find,
    fix="unsafe",
)
