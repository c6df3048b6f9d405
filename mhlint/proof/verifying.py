"""Runs a program as it is and as rewritten, and says whether their gradients are the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mhlint.proof import launching
from mhlint.proof.comparing import (
    NOISY,
    Differs,
    Equivalent,
    Undecided,
    Verdict,
    beyond_noise,
    compare,
    ranks_that_disagree,
    started_by_program,
)
from mhlint.proof.launching import Place
from mhlint.proof.plan import Plan
from mhlint.proof.records import RunRecord

SECOND_WALK = (
    "backward through the graph a second time",
    "after they have already been freed",
    "compiled with non-empty donated buffers",
)
READY_TWICE = (
    "Expected to mark a variable ready only once",
    "Encountered gradient which is undefined, but still allreduced by DDP reducer",
)
NOISE_CAUSES = (
    "such noise comes from numbers that no seed rules, from threads or processes that share work, or from what the run "
    "before wrote: a program that resumes from its own checkpoint starts elsewhere each time"
)
NO_STEP_CAUSES = (
    "processes of multiprocessing are watched; what the program starts by subprocess or a launcher is not, and is to "
    "be given itself"
)

Rewrite = Callable[[frozenset[str]], Mapping[str, bytes]]
Progress = Callable[[str, int], None]
Run = Callable[[Plan, Place, launching.Progress], RunRecord]


@dataclass(frozen=True)
class Program:
    """The user's program: a script's path or a module's name, and its arguments."""

    name: str
    arguments: tuple[str, ...] = ()
    module: bool = False


@dataclass(frozen=True)
class Wide:
    """The program computed in float64: as it is, the same again, as rewritten, and what their comparison says."""

    before: RunRecord
    again: RunRecord
    after: RunRecord
    verdict: Verdict


@dataclass(frozen=True)
class Verification:
    """A verdict and the runs it stands on: the program as it is, the same again, as rewritten.

    `saved_before` and `saved_after` are the runs in which saved tensors were counted. `retained` says that
    the program as it is raises at a second walk, so that the reference is itself with every graph retained;
    `averaged` that its ranks average one walk only, so that in the reference they average every walk. `wide` are
    the three runs in float64 and their verdict, where rounding could have hidden a difference.
    """

    verdict: Verdict
    before: RunRecord
    again: RunRecord | None = None
    after: RunRecord | None = None
    saved_before: RunRecord | None = None
    saved_after: RunRecord | None = None
    changed: tuple[str, ...] = ()
    retained: bool = False
    averaged: bool = False
    wide: Wide | None = None
    notes: tuple[str, ...] = ()


def verify(
    program: Program,
    place: Place,
    rewrite: Rewrite,
    progress: Progress,
    *,
    steps: int,
    seed: int,
    memory: bool,
    run: Run = launching.run,
) -> Verification:
    """Compare a program with what `rewrite` makes of the source files it loads; no file is written to."""
    scratch = Path(tempfile.mkdtemp(prefix="mhlint-verify-"))

    def go(name: str, plan: Plan) -> RunRecord:
        return run(plan, place, lambda done: progress(name, done))

    try:
        first = Plan(program.name, program.arguments, program.module, steps, seed, str(scratch / "before"))
        return _verify(first, go, rewrite, memory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _verify(plan: Plan, go: Callable[[str, Plan], RunRecord], rewrite: Rewrite, memory: bool) -> Verification:
    scratch = Path(plan.folder).parent
    before = go("as it is", plan)
    while before.failure and (reference := _reference(before.failure, plan)):
        plan = replace(reference, folder=f"{plan.folder}-once-more")
        before = go("as it is, walks repeated", plan)
    seen = Verification(Undecided(""), before, retained=plan.retain, averaged=plan.averaged)
    if before.failure:
        under = " with its walks repeated" if plan.retain or plan.averaged else ""
        return replace(seen, verdict=Undecided(f"the program fails{under}: {_short(before.failure)}"))
    if not before.steps:
        return replace(seen, verdict=Undecided("no optimizer step was reached"), notes=(NO_STEP_CAUSES,))
    texts = rewrite(before.files)
    if not texts:
        count = len(before.files)
        reason = f"nothing was rewritten in the {count} source file{'s' * (count != 1)} the program loads"
        return replace(seen, verdict=Undecided(reason))
    follow = replace(plan, against=plan.folder)
    again = go("as it is, again", replace(follow, folder=str(scratch / "again"), saved=memory))
    counted: RunRecord | None = again if memory else None
    if memory and again.failure:
        # A program may not run under hooks on its saved tensors (torch.func refuses them).
        counted = None
        again = go("as it is, once more", replace(follow, folder=str(scratch / "once-more")))
    served = replace(follow, served=_keep(texts, scratch / "texts"), retain=False, averaged=False)
    after = go("as rewritten", replace(served, folder=str(scratch / "after")))
    seen = replace(seen, again=again, after=after, saved_before=counted, changed=tuple(sorted(texts)))
    if again.failure:
        return replace(seen, verdict=Undecided(f"the program fails the second time: {_short(again.failure)}"))
    if after.failure:
        return replace(seen, verdict=_failed(after, seen.retained or seen.averaged))
    if counted is not None:
        measured = go("as rewritten, again", replace(served, folder=str(scratch / "measured"), saved=True))
        seen = replace(seen, saved_after=None if measured.failure else measured)
    seen = replace(seen, verdict=compare(again, after), notes=_rank_notes(before, after))
    if isinstance(seen.verdict, Differs) and any(map(started_by_program, after.keys)):
        # Processes that share work may each have done another part of it by chance.
        once_more = go("as rewritten, once more", replace(served, folder=str(scratch / "after-once-more")))
        if not isinstance(compare(again, once_more), Differs):
            reason = f"{NOISY}as rewritten it differs in one run and not in the next"
            seen = replace(seen, verdict=Undecided(reason))
    if isinstance(seen.verdict, Undecided) and seen.verdict.reason.startswith(NOISY):
        return replace(seen, notes=(*seen.notes, NOISE_CAUSES))
    if isinstance(seen.verdict, Equivalent) and beyond_noise(again, after):
        return _told_apart(seen, seen.verdict, plan, served, go)
    return seen


def _told_apart(
    seen: Verification, narrow: Equivalent, plan: Plan, served: Plan, go: Callable[[str, Plan], RunRecord]
) -> Verification:
    """The verification once more in float64: what is left of a difference there was no rounding."""
    scratch = Path(plan.folder).parent

    def wide(name: str, plan: Plan, folder: str, against: str | None) -> RunRecord:
        plan = replace(plan, folder=str(scratch / folder), against=against, wide=True)
        return go(f"{name}, in float64", plan)

    before = again = wide("as it is", plan, "wide-before", None)
    if narrow.noise and not before.failure:
        again = wide("as it is, again", plan, "wide-again", str(scratch / "wide-before"))
    failure = before.failure or again.failure
    if not failure and any(step.precision != "float64" for one in before.processes for step in one.steps):
        failure = "some parameters are no float64 ones"
    if not failure:
        after = wide("as rewritten", served, "wide-after", str(scratch / "wide-before"))
        failure = after.failure
    if not failure:
        verdict = compare(again, after)
        if not isinstance(verdict, Undecided):
            return replace(seen, verdict=replace(verdict, wide=True), wide=Wide(before, again, after, verdict))
        failure = verdict.reason
    note = f"a difference smaller than that could not be told from rounding: run in float64, {_short(failure)}"
    return replace(seen, notes=(*seen.notes, note))


def _reference(failure: str, plan: Plan) -> Plan | None:
    """The plan under which a program repeats its walks that failed at the second one; None if there is none."""
    if any(text in failure for text in SECOND_WALK) and not plan.retain:
        return replace(plan, retain=True)
    if any(text in failure for text in READY_TWICE) and not plan.averaged:
        return replace(plan, averaged=True)
    return None


def _keep(texts: Mapping[str, bytes], folder: Path) -> dict[str, str]:
    folder.mkdir()
    served = {}
    for number, (path, text) in enumerate(sorted(texts.items())):
        kept = folder / f"{number}.py"
        kept.write_bytes(text)
        served[path] = str(kept)
    return served


def _failed(after: RunRecord, raised_before: bool) -> Verdict:
    reason = f"as rewritten the program fails after {after.steps} steps: {_short(str(after.failure))}"
    ended_from_outside = str(after.failure).startswith("it was ")
    raises_still = raised_before and any(text in str(after.failure) for text in (*SECOND_WALK, *READY_TWICE))
    return Undecided(reason) if ended_from_outside or raises_still else Differs(reason)


def _rank_notes(before: RunRecord, after: RunRecord) -> tuple[str, ...]:
    notes = []
    for name, record in (("as it is", before), ("as rewritten", after)):
        if disagreement := ranks_that_disagree(record):
            notes.append(f"{name}, the processes drift apart: {disagreement}")
    return tuple(notes)


def _short(failure: str) -> str:
    """The line of a failure that says what is wrong (of a spawned process's traceback, the last one)."""
    lines = [line.strip() for line in failure.strip().splitlines() if line.strip()]
    line = lines[-1] if "Traceback (most recent call last)" in failure else lines[0]
    return line if len(line) <= 300 else line[:297] + "..."
