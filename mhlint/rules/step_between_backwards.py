"""A tensor that the graph needs unchanged is changed in place before the walk that needs it.

## What it does

Follows what each operation saves for its walk, and every change in place after that: `optimizer.step()`, `+=`,
`copy_`, an in-place activation. A walk that needs the old value raises `RuntimeError: one of the variables needed
for gradient computation has been modified by an inplace operation`. Usual causes: all losses are built first
and the first optimizer steps before the second loss is walked; a graph is retained over a step.

## Why is this bad?

The program stops there. The gradient that was asked for belongs to weights that are gone.

## Example

```python
import torch
from torch import nn

actor, critic = nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
actor_opt = torch.optim.SGD(actor.parameters(), lr=0.1)
critic_opt = torch.optim.SGD(critic.parameters(), lr=0.1)

state, action = torch.randn(4, 3), torch.randn(4, 2)
critic_loss = critic(action).pow(2).mean()
actor_loss = -critic(actor(state)).mean()
critic_loss.backward()
critic_opt.step()
actor_loss.backward()  # raises: it needs the critic's weights of before the step
actor_opt.step()
```

## Use instead

```python
import torch
from torch import nn

actor, critic = nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
actor_opt = torch.optim.SGD(actor.parameters(), lr=0.1)
critic_opt = torch.optim.SGD(critic.parameters(), lr=0.1)

state, action = torch.randn(4, 3), torch.randn(4, 2)
critic_loss = critic(action).pow(2).mean()
critic_loss.backward()
critic_opt.step()
actor_loss = -critic(actor(state)).mean()
actor_loss.backward()
actor_opt.step()
```

or make all the walks before the first step.

## Fix safety

Unsafe: moving the step behind the last walk changes which gradients the step uses. Where something between the
two reads the new weights, only a person can decide. What an operation changes in place, as `z += 1` or an in-place
activation does, is computed anew or changed in a copy (`z = z + 1`, `head(z.clone())`); that assumes that nothing
else is meant to see the change.

## Facts

- Only what is kept counts. A Linear layer keeps its weight only if its input requires grad, and never its bias;
  convolutions and norm layers keep their weight in any case.
- A step changes only parameters whose `.grad` is not None.
- `x.detach()` shares memory and version with `x`: changing it in place counts. A change through `x.data` is not
  seen; see `unseen-weight-change`.
- tanh, sigmoid, relu, exp and softmax keep their result; matrix products, convolutions and gelu keep their input.

## References

- [In-place correctness checks](https://pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, confidence, sightings, when, within_calls
from mhlint.rules.rule import Rule
from mhlint.rules.wording import built, code, kept, line

_STEP_ADVICE = "make every walk of the old weights before the step, or build this loss after it"
_WRITE_ADVICE = "work on a copy there (`x = x + y` for `x += y`), or make the change after the walk"


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        failure = event.failure
        if failure is not None and failure.kind == "version" and not event.caught:
            yield event, within_calls(trace, failure.node, event, failure.level)


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that meet a saved tensor which was changed in place after it was saved."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward) and event.failure and event.failure.node
        node, saved, change = event.failure.node, event.failure.saved, event.failure.change
        assert saved is not None and change is not None
        message = (
            f"{code(event.site)} needs {kept(saved)} that {built(node, event.site)} kept; "
            f"{code(change.site)} on {line(change.site, event.site)} has changed it in place"
        )
        related = (
            Related("the graph was built here, with the old value", node.site.place),
            Related("and the value changed here", change.site.place),
        )
        advice = _STEP_ADVICE if change.by_step else _WRITE_ADVICE
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), advice, when(group), related)


RULE = Rule(
    code="MHL103",
    name="step-between-backwards",
    summary="A tensor that the graph needs is changed in place before the walk that needs it.",
    triggers=(b"backward", b"autograd", b"training_step", b"compute_loss", b"Trainer(", b"skorch"),
    find=find,
    fix="unsafe",
)
