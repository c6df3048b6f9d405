"""Weights that the graph kept are changed, unseen by PyTorch's check, before the walk that needs them.

## What it does

Reports a walk of a graph that kept a tensor whose value was changed since in a way the version counter does not
see: by the step of a `fused=True` optimizer, a write through `.data`, `vector_to_parameters`,
`load_state_dict(assign=True)`.

## Why is this bad?

An ordinary change raises an error (`step-between-backwards`). This one does not: the walk runs on the new
values with the old activations, and the gradients are those of no function at all.

## Example

```python
import torch
from torch import nn

critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(critic.parameters(), lr=0.1, fused=True)

first = critic(torch.randn(4, 2)).mean()
second = critic(torch.randn(4, 2)).pow(2).mean()
first.backward()
opt.step()
second.backward()  # no error, and the wrong gradient
```

## Use instead

```python
import torch
from torch import nn

critic = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
opt = torch.optim.SGD(critic.parameters(), lr=0.1, fused=True)

first = critic(torch.randn(4, 2)).mean()
first.backward()
opt.step()
second = critic(torch.randn(4, 2)).pow(2).mean()
second.backward()
```

## Fix safety

Unsafe: moving the change behind the walk changes which gradients a step uses.

## Facts

- The fused forms of SGD, Adam, AdamW and Adagrad do not count their writes; the default, foreach and for-loop
  forms do.
- `p.data.clamp_()` and `p.data = ...` are not counted; `with torch.no_grad(): p.clamp_()` is.

## References

- [In-place correctness checks](https://pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks)
- [torch.optim.SGD](https://pytorch.org/docs/stable/generated/torch.optim.SGD.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when, within_calls
from mhlint.rules.rule import Rule
from mhlint.rules.wording import built, code, kept, line

_ADVICE = "make the change after the last walk that needs the old values, or build this loss after the change"


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        if event.failure is not None:
            continue
        for node, _, _, level in event.silent_changes:
            yield event, within_calls(trace, node, event, level)


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that run on values other than those their graph was built with."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward)
        node, saved, change, _ = max(event.silent_changes, key=lambda item: item[3])
        message = (
            f"{code(event.site)} runs on {kept(saved)} that {code(change.site)} on "
            f"{line(change.site, event.site)} has changed since {built(node, event.site)} kept it, and PyTorch does "
            f"not notice: the gradients are wrong"
        )
        related = (
            Related("the graph was built here, with the old value", node.site.place),
            Related("and the value changed here, unseen", change.site.place),
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL306",
    name="unseen-weight-change",
    summary="Weights that the graph kept are changed, unseen by the version counter, before their walk.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="unsafe",
)
