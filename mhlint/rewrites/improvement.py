"""Is a source better with an edit? Its findings are counted again."""

from __future__ import annotations

from collections import Counter

from mhlint.autograd.trace import Backward, Runs
from mhlint.findings import Edit, Finding
from mhlint.rewrites.scene import Scene

_WATCHED = (
    "MHL101",
    "MHL102",
    "MHL103",
    "MHL104",
    "MHL301",
    "MHL302",
    "MHL303",
    "MHL304",
    "MHL305",
    "MHL306",
)


def _counted(runs: Runs, codes: tuple[str, ...]) -> Counter[str]:
    # Imported here: rules are loaded by the time a finding needs a fix, never for the sake of this module.
    from mhlint.rules import RULES

    found = Counter({code: len(list(RULES[code].find(runs))) for code in codes if code in RULES})
    failing = {
        event.site.place for _, trace in runs.traces() for event in trace.of(Backward) if _has_no_graph(event)
    }
    found["no graph"] = len(failing)
    # One place may raise on more paths than before: those that come to their end are counted too, as a debt.
    found["unfinished"] = -sum(trace.ended == "done" for _, trace in runs.traces())
    return found


def _has_no_graph(event: Backward) -> bool:
    return event.failure is not None and event.failure.kind == "no-graph"


def improves(scene: Scene, finding: Finding, edits: tuple[Edit, ...]) -> bool:
    """Does an edit end a finding and bring no error of another kind?"""
    after = scene.edited(edits)
    if after is None:
        return False
    codes = tuple(dict.fromkeys([finding.code, *_WATCHED]))
    old, new = _counted(scene.runs, codes), _counted(after, codes)
    return new[finding.code] < old[finding.code] and all(
        new[code] <= old[code] for code in (*codes, "no graph", "unfinished")
    )
