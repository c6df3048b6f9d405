"""A graph is walked several times through a wrapper that takes one walk for each forward.

## What it does

Reports a second walk through a DistributedDataParallel module whose first walk has not filled all of its
parameters, through a FullyShardedDataParallel module, or through a compiled region, where `retain_graph=True` is
meant to make several walks possible; and the one walk through reentrant checkpoints inside of a
DistributedDataParallel module that fills a parameter twice.

## Why is this bad?

`retain_graph=True` is no repair there:

- DistributedDataParallel raises `Expected to mark a variable ready only once`. With `find_unused_parameters=True`
  or `static_graph=True` the first step passes and the second one raises.
- FullyShardedDataParallel raises an error about storage that names none of this.
- A reentrant checkpoint is walked on its own. Under DistributedDataParallel a parameter that two of them use, or any
  parameter in one with `find_unused_parameters=True`, is ready twice in a single walk.
- A compiled region may raise `compiled with non-empty donated buffers`, depending on what ran before it.

## Example

```python
# one process of several; `trunk_and_heads` returns one output for each task
model = torch.nn.parallel.DistributedDataParallel(trunk_and_heads)
out_a, out_b = model(x)
out_a.pow(2).mean().backward(retain_graph=True)
out_b.pow(2).mean().backward()  # raises: the trunk's parameters are ready for the second time
```

## Use instead

```python
# one process of several; `trunk_and_heads` returns one output for each task
model = torch.nn.parallel.DistributedDataParallel(trunk_and_heads)
out_a, out_b = model(x)
(out_a.pow(2).mean() + out_b.pow(2).mean()).backward()
```

or wrap the trunk alone and use the detach-reinject step for the heads.

## Fix safety

Safe where the gradients are provably the same, up to rounding.

## Facts

- One walk for each forward is the rule under DistributedDataParallel. The sum of the losses keeps it; so does
  detach-reinject around a wrapped trunk.
- A compiled region is one operation: two of its outputs cannot be walked apart even if they share nothing.
- Two walks over a checkpointed trunk work with `retain_graph=True`, and run its forward again each time.

## References

- [DistributedDataParallel](https://pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html)
- [torch.compile](https://pytorch.org/docs/stable/generated/torch.compile.html)
"""

from __future__ import annotations

from collections.abc import Iterable

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Runs
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import Sighting, by_place, confidence, when
from mhlint.rules.rule import Rule
from mhlint.rules.wording import code, other_walk
from mhlint.rules.wrapped_forwards import COMPILED, SHARDS, extra_walks, marks_in_checkpoints, second_walks
from mhlint.syntax.program import Site

_ADVICE = "walk once: the sum of the losses, or detach-reinject at the wrapper's output"
_CHECKPOINT = "pass `use_reentrant=False` to the checkpoint"
_WHY = {
    COMPILED: "a compiled region may refuse to be walked again after {first}",
    SHARDS: "FullyShardedDataParallel has given up the storage that it needs after {first}",
}


def find(runs: Runs) -> Iterable[Finding]:
    """Walks that a wrapper does not support after an earlier one."""
    yield from _in_checkpoints(runs)
    found: list[Sighting] = []
    why: dict[int, tuple[Backward, str, Site]] = {}
    for root, trace in runs.traces():
        for extra in extra_walks(trace):
            if extra.marks_twice:
                found.append(Sighting(root, trace, extra.event, extra.level))
                reason = "DistributedDataParallel raises when a parameter is ready again after {first}"
                why[id(extra.event)] = extra.first, reason, extra.call.site
        for region, reason in _WHY.items():
            for first, later, node, level in second_walks(trace, region):
                found.append(Sighting(root, trace, later, min(level, Level.LIKELY)))
                why[id(later)] = first, reason, node.site
    for place, group in by_place(s for s in found if s.level >= Level.LIKELY).items():
        event = group[0].event
        first, reason, built = why[id(event)]
        message = f"{code(event.site)} walks the graph of one forward again: " + reason.format(
            first=other_walk(first, event)
        )
        related = (
            Related("the forward ran here", built.place),
            Related("and was first walked here", first.site.place),
        )
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _ADVICE, when(group), related)


def _in_checkpoints(runs: Runs) -> Iterable[Finding]:
    """Walks in which a reentrant checkpoint marks a parameter twice."""
    found: list[Sighting] = []
    built: dict[int, Site] = {}
    for root, trace in runs.traces():
        for event, _, node, level in marks_in_checkpoints(trace):
            found.append(Sighting(root, trace, event, level))
            built[id(event)] = node.site
    for place, group in by_place(found).items():
        walk = group[0].event
        message = (
            f"{code(walk.site)} walks a reentrant checkpoint whose parameters DistributedDataParallel takes for ready "
            f"twice"
        )
        related = (Related("the checkpoint runs here", built[id(walk)].place),)
        yield Finding(RULE.code, RULE.name, message, place, confidence(group), _CHECKPOINT, when(group), related)


RULE = Rule(
    code="MHL105",
    name="retained-graph-unsupported",
    summary="A graph is walked several times through a wrapper that takes one walk for each forward.",
    triggers=(b"DistributedDataParallel", b"FullyShardedDataParallel", b"compile", b"use_reentrant"),
    # Most of what is compiled is a regular expression.
    pattern=(
        rb"DistributedDataParallel|FullyShardedDataParallel|use_reentrant|\btorch\.compile\b|\bimport\b[^\n]*\bcompile\b"
        rb"|(?<!\bre)(?<!\bregex)\.compile\("
    ),
    find=find,
    fix="safe",
)
