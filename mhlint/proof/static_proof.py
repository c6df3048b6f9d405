"""`prove_fix`: are the gradients of a fixed source those of the source before? Asked of PyTorch, by witnesses.

Both sources are read, never run. For each path that shows the finding, a program is written with what that path
and its counterpart do to autograd, over the same parameters and data, and run in a process of its own.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from mhlint.autograd.graph import Level
from mhlint.autograd.trace import Backward, Event, Hook, Runs, Trace
from mhlint.findings import Confidence, Finding
from mhlint.proof.comparing import Counterexample, Differs, Equivalent, Undecided, Verdict
from mhlint.proof.witness_body import Body, Manner, write_body
from mhlint.proof.witness_excerpt import Excerpt
from mhlint.proof.witness_focus import whole
from mhlint.proof.witness_names import Labels, Stock
from mhlint.proof.witness_pair import Pair, pair_program, pair_test
from mhlint.proof.witness_program import SHOWN_CODES
from mhlint.proof.witness_traces import NoWitness, Shown, choices_of, retained_runs, runs_of, shown
from mhlint.proof.witnessing import WitnessResult, run_witness
from mhlint.source import Source

_MOST_PATHS = 3
_MOST_NODES = 800
_OF_THE_CUT = frozenset({"MHL104", "MHL301", "MHL302"})
"""Findings of a wrong boundary: what is right is the fixed step without the cut, each head walking the trunk."""


@dataclass(frozen=True)
class MatchedPath:
    """One path before and after, as a pair that can be run."""

    pair: Pair
    choices: tuple[tuple[str, bool], ...]


def prove_fix(
    before: Source, after: Source, finding: Finding, device: str = "cpu", timeout: float = 60.0
) -> Verdict:
    """Are all gradients the same before and after a fix? Undecided where that cannot be run; runs no user code."""
    try:
        paths = matched_paths(before, after, finding)
    except NoWitness as reason:
        return Undecided(str(reason))
    except AfterRaises as reason:
        return Differs(str(reason))
    verdicts = [read_verdict(run_witness(pair_program(one.pair, device), timeout)) for one in paths]
    for verdict in verdicts:
        if not isinstance(verdict, Equivalent):
            return verdict
    proven = [verdict for verdict in verdicts if isinstance(verdict, Equivalent)]
    return max(proven, key=lambda one: one.largest)


def emit_test(before: Source, after: Source, finding: Finding) -> str:
    """A file of tests that holds the two versions and asserts that their gradients are the same.

    Raises ValueError with the reason where no such file can be written.
    """
    try:
        return pair_test(matched_paths(before, after, finding)[0].pair)
    except (NoWitness, AfterRaises) as reason:
        raise ValueError(f"no test of this fix: {reason}") from None


def matched_paths(before: Source, after: Source, finding: Finding) -> list[MatchedPath]:
    """The paths that show a finding, each with its counterpart; raises NoWitness."""
    runs = runs_of(before)
    found = shown(runs, finding) if finding.code in SHOWN_CODES else _with_walks(runs)
    if not found:
        raise NoWitness(f"no path shows {finding.code} at line {finding.place.start.row} of the first version")
    before_runs, after_runs = retained_runs(before), runs_of(after)
    paths: list[MatchedPath] = []
    seen: set[tuple[tuple[str, bool], ...]] = set()
    for one in found:
        start = choices_of(one.trace)
        for trace in _traces(before_runs, one.root.name):
            choices = choices_of(trace)
            if choices[: len(start)] != start or choices in seen or len(paths) >= _MOST_PATHS:
                continue
            seen.add(choices)
            raised = _raised(after_runs, one.root.name, choices)
            kind = raised.failure.kind if raised is not None and raised.failure is not None else ""
            known = _raises(one.trace) is not None and kind in ("freed", "version")
            if raised is not None and (not known or _same(raised, one.event, finding)):
                raise AfterRaises(f"the fixed version raises at line {raised.site.row} ({kind})")
            # What raises here as it did before is another finding: it is retained in both versions.
            runs_after = after_runs if raised is None else retained_runs(after)
            twin = next((t for t in _traces(runs_after, one.root.name) if choices_of(t) == choices), None)
            if twin is None:
                raise NoWitness(f"the fixed source has no path of `{one.root.name}` with the same choices")
            paths.append(MatchedPath(_pair(trace, twin, finding), choices))
    if not paths:
        raise NoWitness("with its graph retained, the first version takes other paths")
    return paths


class AfterRaises(Exception):
    """The fixed version raises where its gradients were to be compared."""


def _raises(trace: Trace) -> Backward | None:
    return next((event for event in trace.of(Backward) if event.failure is not None and not event.caught), None)


def _raised(runs: Runs, name: str, choices: tuple[tuple[str, bool], ...]) -> Backward | None:
    """The walk that raises on the path of these choices, which it may end early."""
    for trace in _traces(runs, name):
        made, event = choices_of(trace), _raises(trace)
        if event is not None and choices[: len(made)] == made:
            return event
    return None


def _same(raised: Backward, event: Event, finding: Finding) -> bool:
    """Is it the finding's own walk that still raises, by its text?"""
    if finding.code not in SHOWN_CODES:
        return False
    return raised.site.program.text(raised.site.node) == event.site.program.text(event.site.node)


def _with_walks(runs: Runs) -> list[Shown]:
    """Where the finding is no walk, every path that has one is asked."""
    walks = ((root, trace, next(trace.of(Backward), None)) for root, trace in runs.traces())
    return [Shown(root, trace, walk) for root, trace, walk in walks if walk is not None]


def _traces(runs: Runs, name: str) -> list[Trace]:
    return [trace for root, trace in runs.traces() if root.name == name]


def _pair(before: Trace, after: Trace, finding: Finding) -> Pair:
    for trace, name in ((before, "first"), (after, "fixed")):
        if trace.ended == "budget":
            raise NoWitness(f"the {name} version is too large to be followed to its end")
        if any(not event.flag for event in trace.of(Hook)):
            raise NoWitness(f"the {name} version registers a hook, which a witness does not copy")
        if any(event.caught for event in trace.of(Backward)):
            raise NoWitness(f"the {name} version catches the error of a walk")
    if _raises(after) is not None:
        raise NoWitness("the fixed version raises even with its graphs retained")
    level = Level.LIKELY if finding.confidence is Confidence.CERTAIN else Level.GUESS
    last = whole(after, level)
    stock, labels = Stock(), Labels()
    title = [f"# {finding.code} at {finding.place.filename.rpartition('/')[2]}:{finding.place.start.row}: "
             "the step before and after the fix."]  # fmt: skip
    if finding.code in _OF_THE_CUT:
        title.append("# `before` is the fixed step without its cut: each loss walks the trunk by itself.")
        first_body = write_body(_checked(last), stock, labels, Manner(looks=True, uncut=True))
    else:
        if _raises(before) is not None:
            raise NoWitness("the first version raises even with its graphs retained, so it has no gradients to keep")
        first = whole(before, level)
        first_body = write_body(_checked(first), stock, labels, Manner(looks=True))
    return Pair(title, stock, first_body, _second(_checked(last), stock, labels, first_body))


def _checked(excerpt: Excerpt) -> Excerpt:
    if not any(isinstance(event, Backward) for event in excerpt.events) or not excerpt.nodes:
        raise NoWitness("a path has no walk over a graph that is known")
    if len(excerpt.nodes) > _MOST_NODES:
        raise NoWitness(f"a path has {len(excerpt.nodes)} operations, more than {_MOST_NODES}")
    return excerpt


def _second(excerpt: Excerpt, stock: Stock, labels: Labels, first: Body) -> Body:
    """The second version, on the first one's parameters and data.

    What has no counterpart by how it was computed is matched with what is left of its kind, in order.
    """
    manner = Manner(looks=True)
    trial = stock.copy()
    used = write_body(excerpt, trial, labels, manner).used
    left = [name for name in first.used.values() if name not in used.values()]
    for key, name in used.items():
        if name in stock.made:
            continue
        twin = next((one for one in left if stock.kinds[one] == trial.kinds[name]), None)
        if twin is None:
            raise NoWitness(f"`{name}` of the fixed version has no counterpart in the first one")
        left.remove(twin)
        stock.names[key] = twin
    return write_body(excerpt, stock, labels, manner)


_DIFFERS = re.compile(
    r"(?P<name>\S+) at look (?P<look>\d+) in \w+, element \[(?P<place>[\d, ]*)\]: "
    r"(?P<before>\S+) before, (?P<after>\S+) after \(allowed (?P<allowed>\S+)\)"
)
_EQUAL = re.compile(r"equivalent: (\d+) gradients at (\d+) looks")
_LARGEST = re.compile(r"float\d+: largest difference (\S+) \(allowed (\S+)\)")


def read_verdict(result: WitnessResult) -> Verdict:
    """What the program of a pair has found."""
    if result.timed_out:
        return Undecided(result.message)
    lines = result.stdout.splitlines()
    last = lines[-1] if lines else ""
    word, _, said = last.partition(": ")
    if result.exit_code == 1 and word == "differs":
        found = _DIFFERS.search(said)
        if found is None:
            return Differs(said)
        place = tuple(int(index) for index in found["place"].split(",") if index.strip())
        before, after, allowed = (float(found[name]) for name in ("before", "after", "allowed"))
        return Differs(said, Counterexample("", int(found["look"]), 0, found["name"], place, before, after, allowed))
    if result.exit_code == 0 and (equal := _EQUAL.search(last)):
        measured = [(float(a), float(b)) for a, b in _LARGEST.findall(result.stdout)]
        largest, allowed = max(measured, default=(math.nan, math.nan))
        return Equivalent(int(equal[2]), int(equal[1]), largest, allowed, 0.0)
    if word == "undecided":
        return Undecided(said)
    error = (result.message or "the program ended without a verdict").splitlines()[0]
    return Undecided(f"the witness could not be run: {result.raised or 'error'}: {error}")
