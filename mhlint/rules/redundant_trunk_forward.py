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
- A forward under `no_grad`, or one whose result is never walked, is not reported. Nor is one that a loop repeats
  for products with the Hessian.

## References

- [torch.nn.Module](https://pytorch.org/docs/stable/generated/torch.nn.Module.html)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level, Node
from mhlint.autograd.graph import walk as visited_from
from mhlint.autograd.trace import Backward, Detach, Escape, Event, ModuleCall, Runs, Step, Trace, Unseen
from mhlint.autograd.values import Tensor, tensors_in
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, line

_ADVICE = "run it once and use its output for every loss, with one backward of their sum or the detach-reinject step"


def _same(first: ModuleCall, later: ModuleCall) -> bool:
    return (
        first.module is later.module
        and first.inputs == later.inputs
        and first.others == later.others
        and first.grad_enabled is True
        and later.grad_enabled is True
        and first.training is later.training
        and first.versions == later.versions
        and first.trains == later.trains
        and _work(first) == _work(later)
    )


def _own_nodes(call: ModuleCall) -> set[Node]:
    """The nodes that a call made: those its output leads to and its inputs do not."""
    given = visited_from(graph for tensor, _ in call.inputs if (graph := tensor.graph()) is not None)
    made = visited_from(graph for tensor in tensors_in(call.output) if (graph := tensor.graph()) is not None)
    return set(made.nodes) - set(given.nodes)


def _work(call: ModuleCall) -> list[tuple[str, object]]:
    """What a call did: two modes of one module are two kinds of work."""
    nodes = sorted(_own_nodes(call), key=lambda node: node.sequence)
    return [(node.op, None if node.site == call.site else node.site) for node in nodes]


def _walks_of(trace: Trace, call: ModuleCall, outputs: set[Node]) -> set[int]:
    return {
        event.index
        for event in trace.of(Backward)
        if event.index > call.index
        and event.failure is None
        and any(sure >= Level.LIKELY and node in outputs for node, sure in event.walk.nodes.items())
    }


def _used_apart(trace: Trace, first: ModuleCall, later: ModuleCall) -> bool:
    """Is the later result walked, and the first one walked without it, or cut off for a loss of its own?"""
    one, two = (
        {tensor.node for tensor in tensors_in(call.output) if tensor.node is not None} for call in (first, later)
    )
    walks, others = _walks_of(trace, later, two), _walks_of(trace, first, one)
    cut = any(event.tensor.node in one for event in trace.of(Detach) if first.index < event.index < later.index)
    return bool(walks) and not walks & others and (bool(others) or cut)


def _is_differentiated(trace: Trace, call: ModuleCall) -> bool:
    """Is a gradient of what a call gave made with a graph of its own: a product with the Hessian?"""
    outputs = {tensor.node for tensor in tensors_in(call.output) if tensor.node is not None}
    walks = _walks_of(trace, call, outputs)
    return any(event.index in walks and event.creates_graph for event in trace.of(Backward))


def _changes(event: Event) -> bool:
    """May an event between two calls make them differ in a way that the versions do not show?"""
    if isinstance(event, Step):
        return event.optimizer is None or not event.optimizer.exact
    return isinstance(event, (Unseen, Escape)) or (isinstance(event, Backward) and event.api == "engine.backward")


def _earlier(trace: Trace, calls: list[ModuleCall], later: ModuleCall) -> ModuleCall | None:
    """The latest call before `later` that it repeats, if there is one."""
    for first in reversed(calls):
        if first.index < later.index and first.module is later.module and _same(first, later):
            if any(_changes(event) for event in trace.between(first, later)):
                return None
            # A module that carries state from call to call leads back into its earlier call.
            if not _own_nodes(first) & _own_nodes(later) and _used_apart(trace, first, later):
                return first
            return None
    return None


def _made_before(tensor: Tensor, call: ModuleCall) -> bool:
    """Was an input computed, made or drawn before the loop that calls again?"""
    return len(tensor.turn) < len(call.turn) and call.turn[: len(tensor.turn)] == tensor.turn


def _pairs(trace: Trace) -> Iterator[tuple[ModuleCall, ModuleCall]]:
    calls = [
        call
        for call in trace.of(ModuleCall)
        if call.inputs and not call.random and any(p.requires_grad for p in call.parameters)
    ]
    pairs = [(first, later) for later in calls if (first := _earlier(trace, calls, later)) is not None]
    repeated = {later for _, later in pairs}
    for first, later in pairs:
        # Another statement that repeats the forward in some turns only cannot be replaced.
        if first.site == later.site:
            # A Hessian's products in turn, as of conjugate gradients, build their graphs anew to save memory.
            if all(_made_before(tensor, later) for tensor, _ in later.inputs) and not _is_differentiated(trace, later):
                yield first, later
        elif all(call in repeated for call in calls if call.site == later.site):
            yield first, later


def find(runs: Runs) -> Iterable[Finding]:
    """Calls that repeat an earlier one of the same step."""
    found: list[Sighting] = []
    before: dict[int, ModuleCall] = {}
    for root, trace in runs.traces():
        pairs = list(_pairs(trace))
        # Inside the forward of a module that is not run again, a layer is no trunk.
        outer = {call.site for call in trace.of(ModuleCall)}
        for first, call in pairs:
            if not outer & set(call.stack):
                found.append(Sighting(root, trace, call, min(first.level, call.level)))
                before[id(call)] = first
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
