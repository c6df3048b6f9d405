"""placeholder"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Runs, Trace
from mhlint.findings import Finding, Related
from mhlint.rules.gathering import by_place, carried, confidence, crosses_calls, sightings, when
from mhlint.rules.rule import Rule


def _select(trace: Trace) -> Iterator[tuple[Event, Level]]:
    for event in trace.of(Backward):
        failure = event.failure
        if failure is None or failure.kind != "freed" or event.caught or failure.node is None:
            continue
        if not carried(failure.node, event):
            yield event, failure.level


def find(runs: Runs) -> Iterable[Finding]:
    """Walks over kept nodes that an earlier walk of the same step freed."""
    for place, group in by_place(sightings(runs, _select)).items():
        event = group[0].event
        assert isinstance(event, Backward) and event.failure and event.failure.node and event.failure.earlier
        node, earlier = event.failure.node, event.failure.earlier
        related = (
            Related("the graph was built here", node.site.place),
            Related("and freed by this walk", earlier.site.place),
        )
        yield Finding(
            RULE.code, RULE.name,
            "this backward walks a graph that an earlier backward has already freed", place,
            confidence(group), "sum the losses and call backward() once, or use the detach-reinject step",
            when(group), related,
        )  # fmt: skip


RULE = Rule(
    "MHL101", "second-backward", "a backward call walks a graph that an earlier one of the same step freed",
    (b"backward", b"autograd"), find, "safe",
)  # fmt: skip
__all__ = ["RULE", "crosses_calls", "find"]
