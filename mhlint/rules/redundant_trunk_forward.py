"""A module runs again on the same input within a step, and would give the same again.

## What it does

Reports a second call of the same module on the same tensors, with gradients on both times and both results
walked, where neither the module's parameters nor the tensors have changed in between.

## Why is this bad?

The trunk's forward is run once for each loss, and each walk has a trunk of its own to walk: with n losses, n
forwards and n backwards where one of each is enough.

## Example

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]

x = torch.randn(3, 4)
for head in heads:
    z = trunk(x)  # the same in every turn
    head(z).pow(2).mean().backward()
```

## Use instead

```python
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]

x = torch.randn(3, 4)
z = trunk(x)
d = z.detach().requires_grad_()
for head in heads:
    head(d).pow(2).mean().backward()
z.backward(gradient=d.grad)
```

## Fix safety

Unsafe: one forward updates running statistics once and draws random numbers once.

## Facts

- A module with dropout gives another result each time; it is not reported. Nor is a module that was not seen.
- A forward under `no_grad`, or one whose result is never walked, is not reported.

## References

- [torch.nn.Module](https://pytorch.org/docs/stable/generated/torch.nn.Module.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.graph import walk as visited_from
from mhlint.autograd.trace import Backward, ModuleCall, Runs, Step, Trace
from mhlint.autograd.values import Tensor, tensors_in
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, line

_ADVICE = "run it once and use its output for every loss, with one backward of their sum or the detach-reinject step"


def _same(first: ModuleCall, later: ModuleCall) -> bool:
    return (
        first.module is later.module
        and bool(first.inputs)
        and len(first.inputs) == len(later.inputs)
        and all(a[0] is b[0] and a[1] == b[1] for a, b in zip(first.inputs, later.inputs, strict=True))
        and first.grad_enabled is True
        and later.grad_enabled is True
        and not (first.random or later.random)
        and first.versions == later.versions
        and bool(first.parameters)
    )


def _own_nodes(call: ModuleCall) -> set[Node]:
    """The nodes that a call made: those its output leads to and its inputs do not."""
    given = visited_from(graph for tensor, _ in call.inputs if (graph := tensor.graph()) is not None)
    made = visited_from(graph for tensor in tensors_in(call.output) if (graph := tensor.graph()) is not None)
    return set(made.nodes) - set(given.nodes)


def _walked(trace: Trace, call: ModuleCall) -> bool:
    outputs: set[Node | None] = {tensor.node for tensor in tensors_in(call.output)}
    return any(
        sure >= Level.LIKELY and node in outputs
        for event in trace.of(Backward)
        if event.index > call.index and event.failure is None
        for node, sure in event.walk.nodes.items()
    )


def _trains(call: ModuleCall) -> bool:
    return any(isinstance(p, Tensor) and p.requires_grad for p in call.parameters)


def _pairs(trace: Trace) -> Iterator[tuple[ModuleCall, ModuleCall]]:
    calls = [call for call in trace.of(ModuleCall) if call.inputs and not call.random and _trains(call)]
    for position, later in enumerate(calls):
        first = next((call for call in reversed(calls[:position]) if _same(call, later)), None)
        if first is None or any(
            isinstance(event, Step) and (event.optimizer is None or not event.optimizer.exact)
            for event in trace.between(first, later)
        ):
            continue
        # A module that carries state from call to call leads back into its earlier call.
        if not _own_nodes(first) & _own_nodes(later) and _walked(trace, first) and _walked(trace, later):
            yield first, later


def find(runs: Runs) -> Iterable[Finding]:
    """Calls that repeat an earlier one of the same step."""
    found: list[Sighting] = []
    before: dict[int, ModuleCall] = {}
    for root, trace in runs.traces():
        pairs = list(_pairs(trace))
        outer = {later.site for _, later in pairs}
        for first, later in pairs:
            if not outer & set(later.stack):
                found.append(Sighting(root, trace, later, min(first.level, later.level)))
                before[id(later)] = first
    for place, group in by_place(found).items():
        if group[0].level < Level.LIKELY:
            continue
        later = group[0].event
        first = before[id(later)]
        where = "an earlier turn of the loop" if first.site == later.site else line(first.site, later.site)
        message = f"{code(later.site)} repeats the forward of {where}: same module, same input, same parameters"
        related = (Related("the same forward ran here", first.site.place),)
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


RULE = Rule(
    code="MHL202",
    name="redundant-trunk-forward",
    summary="A module runs again on the same input within a step, with nothing changed in between.",
    triggers=(b"backward", b"autograd"),
    find=find,
    fix="unsafe",
)
