"""Does the analyser say what PyTorch does? One verdict for each program, and their sum."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from mhlint.findings import Confidence, Finding

from .draft import Flag
from .generate import Program
from .oracle import Outcome, Raised

Analyser = Callable[[str, str], Sequence[Finding]]  # path, text

CODES = frozenset({"MHL101", "MHL102", "MHL103", "MHL104", "MHL105"})
# The errors that an MHL1xx finding speaks of, and the codes that name them.
REPORTED = {
    "freed": {"MHL101", "MHL102", "MHL105"},
    "version": {"MHL103"},
    "non-scalar": {"MHL104"},
}
PROBLEMS = ("crash", "false certain", "false likely", "missed", "wrong line", "wrong kind", "too wide")


@dataclass(frozen=True)
class Verdict:
    """One program compared. `problems` is empty where analyser and PyTorch agree."""

    program: Program
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    crash: str = ""

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of error that some choice of options raises."""
        return frozenset(raised.kind for outcome in self.outcomes for raised in outcome.raised)

    @property
    def unrelated(self) -> str:
        """The first error that has nothing to do with autograd: such a program is not compared."""
        return next((outcome.unrelated for outcome in self.outcomes if outcome.unrelated), "")

    @property
    def must_report(self) -> bool:
        """Whether some choice of options ends the program with an error that MHL1xx speaks of."""
        ends = [raised for outcome in self.outcomes for raised in outcome.raised if not raised.caught]
        return any(raised.kind in REPORTED for raised in ends)


def judge(program: Program, outcomes: Sequence[Outcome], analyser: Analyser | None) -> Verdict:
    """Compare one program; without an analyser only the outcomes are kept."""
    start = time.perf_counter()
    bare = Verdict(program, tuple(outcomes))
    if analyser is None or bare.unrelated:
        return bare
    try:
        findings = tuple(one for one in analyser(program.name, program.text) if one.code in CODES)
    except Exception as error:
        seconds = time.perf_counter() - start
        return Verdict(program, tuple(outcomes), (), ("crash",), seconds, f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - start
    return Verdict(
        program, tuple(outcomes), findings, tuple(problems(program.flags, outcomes, findings)), seconds
    )


def problems(flags: Sequence[Flag], outcomes: Sequence[Outcome], findings: Sequence[Finding]) -> list[str]:
    """What is wrong with the findings, in the order of PROBLEMS.

    A finding is false if nothing raises under the options that its `when` allows, and without a `when` if
    some choice of options does not raise. It is too wide if its `when` is wholly known and some choice that
    it allows does not raise. An error that the program catches makes a finding true but need not be reported.
    """
    found = []
    raising = [outcome for outcome in outcomes if outcome.raised]
    false, wide = [], []
    for one in findings:
        sure, possible = allowed(flags, outcomes, one.when)
        if not any(outcome.raised for outcome in possible) or (not one.when and len(raising) < len(outcomes)):
            false.append(one)
        elif not all(outcome.raised for outcome in sure):
            wide.append(one)
    if any(one.confidence is Confidence.CERTAIN for one in false):
        found.append("false certain")
    if any(one.confidence is not Confidence.CERTAIN for one in false):
        found.append("false likely")
    ends = [raised for outcome in raising for raised in outcome.raised if not raised.caught]
    expected = [raised for raised in ends if raised.kind in REPORTED]
    at = [[one for one in findings if _covers(one, raised)] for raised in expected]
    if expected and not findings:
        found.append("missed")
    elif not all(at):
        found.append("wrong line")
    elif not all(
        any(one.code in REPORTED[raised.kind] for one in ones)
        for ones, raised in zip(at, expected, strict=True)
    ):
        found.append("wrong kind")
    if any(one.confidence is Confidence.CERTAIN for one in wide):
        found.append("too wide")
    return found


def allowed(
    flags: Sequence[Flag], outcomes: Sequence[Outcome], when: Sequence[str]
) -> tuple[list[Outcome], list[Outcome]]:
    """The outcomes whose options surely fulfil `when`, and those whose options may."""
    sure, possible = [], []
    for outcome in outcomes:
        truths = [_truth(condition, flags, outcome) for condition in when]
        if all(truth is not False for truth in truths):
            possible.append(outcome)
            if None not in truths:
                sure.append(outcome)
    return sure, possible


def _truth(condition: str, flags: Sequence[Flag], outcome: Outcome) -> bool | None:
    """Whether a condition on options holds; None if it speaks of anything else."""
    labels = {flag.name: choice.label for flag, choice in zip(flags, outcome.choices, strict=True)}
    values = {name: label if label not in ("off", "on") else label == "on" for name, label in labels.items()}
    holder = SimpleNamespace(**values)
    names = {
        "args": holder,
        "FLAGS": holder,
        "CONFIG": holder,
        **{name.upper(): value for name, value in values.items()},
    }
    try:
        return bool(eval(re.sub(r" \(line \d+\)$", "", condition), {"__builtins__": {}}, names))
    except Exception:
        return None


def _covers(finding: Finding, raised: Raised) -> bool:
    return finding.place.start.row <= raised.rows[0] <= finding.place.end.row


@dataclass
class Tally:
    """The sum of many verdicts."""

    programs: int = 0
    runs: int = 0
    unrelated: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    raising: int = 0
    caught: int = 0
    mixed: int = 0
    must_report: int = 0
    found: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    raising_features: Counter[str] = field(default_factory=Counter)
    problem_features: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    analyser_seconds: float = 0.0

    def add(self, verdict: Verdict) -> None:
        """Count one verdict."""
        if verdict.unrelated:
            self.unrelated[verdict.unrelated.split("\n")[0][:70]] += 1
            return
        self.programs += 1
        self.runs += len(verdict.outcomes)
        self.features.update(verdict.program.features)
        raising = [outcome for outcome in verdict.outcomes if outcome.raised]
        self.raising += bool(raising)
        self.caught += any(raised.caught for outcome in raising for raised in outcome.raised)
        self.mixed += 0 < len(raising) < len(verdict.outcomes)
        self.kinds.update(verdict.kinds)
        self.must_report += verdict.must_report
        self.found += verdict.must_report and bool(verdict.findings)
        self.findings.update(f"{one.code} {one.confidence.value}" for one in verdict.findings)
        self.problems.update(verdict.problems)
        if raising:
            self.raising_features.update(verdict.program.features)
        self.problem_features.update(
            (problem, one) for problem in verdict.problems for one in verdict.program.features
        )
        self.slowest = max(self.slowest, (verdict.seconds, verdict.program.name))
        self.analyser_seconds += verdict.seconds

    @property
    def recall(self) -> float:
        """The share of the programs that must be reported which have a finding at all."""
        return self.found / self.must_report if self.must_report else 1.0


def report(tally: Tally, analysed: bool) -> str:
    """The totals as text."""
    lines = [
        f"programs {tally.programs}, runs {tally.runs}, thrown away {tally.unrelated.total()}",
        f"raising {tally.raising} ({tally.raising / max(tally.programs, 1):.0%}), "
        f"under some options only {tally.mixed}, caught by the program {tally.caught}",
        "kinds: " + ", ".join(f"{kind} {count}" for kind, count in tally.kinds.most_common()),
    ]
    if not analysed:
        return "\n".join(lines)
    lines += [
        "findings: "
        + (", ".join(f"{kind} {count}" for kind, count in sorted(tally.findings.items())) or "none"),
        f"must be reported {tally.must_report}, reported {tally.found}, recall {tally.recall:.3f}",
        "problems: " + ", ".join(f"{problem} {tally.problems[problem]}" for problem in PROBLEMS),
        f"analyser {tally.analyser_seconds:.1f} s, max {tally.slowest[0] * 1000:.0f} ms ({tally.slowest[1]})",
    ]
    for problem in PROBLEMS:
        counts = {
            one: count
            for (kind, one), count in tally.problem_features.items()
            if kind == problem and count > 1
        }
        worst = sorted(counts, key=lambda one: (-counts[one] / tally.features[one], one))[:8]
        if worst:
            lines.append(
                f"  {problem}, most often with: "
                + ", ".join(f"{one} {counts[one]}/{tally.features[one]}" for one in worst)
            )
    return "\n".join(lines)


def keep(verdict: Verdict, folder: Path) -> None:
    """Write the program of a disagreement, with both opinions as comments below it."""
    for problem in verdict.problems:
        place = folder / problem.replace(" ", "_")
        place.mkdir(parents=True, exist_ok=True)
        (place / verdict.program.name).write_text(described(verdict), encoding="utf-8")


def described(verdict: Verdict) -> str:
    """The program's text, and what PyTorch and the analyser say, as comments below it."""
    notes = [
        f"problems: {', '.join(verdict.problems) or 'none'}",
        f"features: {', '.join(sorted(verdict.program.features))}",
    ]
    for outcome in verdict.outcomes:
        options = ", ".join(
            f"{flag.name}={choice.label}"
            for flag, choice in zip(verdict.program.flags, outcome.choices, strict=True)
        )
        said = "; ".join(
            f"{one.kind} at {list(one.rows)}{' (caught)' if one.caught else ''}" for one in outcome.raised
        )
        notes.append(f"PyTorch [{options}]: {outcome.unrelated or said or 'fine'}")
    for one in verdict.findings:
        notes.append(
            f"mhlint: {one.place.start.row}: {one.code} {one.confidence.value} {list(one.when)} {one.message}"
        )
    if verdict.crash:
        notes.append(f"mhlint: {verdict.crash}")
    return verdict.program.text + "\n" + "\n".join(f"# {note}" for note in notes) + "\n"
