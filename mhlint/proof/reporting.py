"""A verification as a text table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from mhlint.proof.comparing import Differs, Equivalent, Undecided, Verdict, shown
from mhlint.proof.records import RunRecord, StepRecord
from mhlint.proof.verifying import Verification

_ROWS, _LINES = 10, 8
SIDE_EFFECTS = "The program ran for real: files and logs it writes itself are its own (--cwd runs it elsewhere)."


class Figures(NamedTuple):
    """What a run cost: the most walks of a parameter in a step, backward calls, the first step's loss."""

    walks: int | None
    backward_calls: int | None
    loss: float | None
    saved_bytes: int | None
    resident_bytes: int | None
    device_bytes: int | None
    seconds: float | None


def figures(run: RunRecord | None, saved: RunRecord | None) -> Figures:
    """The largest over all steps and processes; the time is the mean over all steps but the first."""
    steps = list(_steps(run))
    if run is None or not steps:
        return Figures(None, None, None, None, None, None, None)
    times = [step.seconds for process in run.processes for step in process.steps[1:] or process.steps]
    first = next((step for step in steps if step.losses), None)
    return Figures(
        max((parameter.walks for step in steps for parameter in step.parameters), default=0),
        max(step.walks for step in steps),
        sum(first.losses) if first else None,
        _most(step.saved_bytes for step in _steps(saved)),
        _most(step.resident_bytes for step in steps),
        _most(step.device_bytes for step in steps),
        sum(times) / len(times),
    )


def as_json(seen: Verification) -> dict[str, Any]:
    """The verification as plain data; numbers JSON cannot say become the strings nan, inf and -inf."""
    verdict = seen.verdict
    example = verdict.counterexample if isinstance(verdict, Differs) else None
    tables = {
        "before": figures(seen.before, seen.saved_before)._asdict(),
        "after": figures(seen.after, seen.saved_after)._asdict(),
    }
    whole = {
        "verdict": verdict.word,
        "reason": None if isinstance(verdict, Equivalent) else verdict.reason,
        "counterexample": example._asdict() if example else None,
        "also_differ": list(verdict.others) if isinstance(verdict, Differs) else [],
        "largest_difference": verdict.largest if isinstance(verdict, Equivalent) else None,
        "allowed": verdict.allowed if isinstance(verdict, Equivalent) else None,
        "noise": verdict.noise if isinstance(verdict, Equivalent) else None,
        "in_float64": seen.wide is not None,
        "steps": seen.after.steps if seen.after else seen.before.steps,
        "reference_retained_graphs": seen.retained,
        "reference_averaged_walks": seen.averaged,
        "changed_files": list(seen.changed),
        "printed": _printed(seen),
        "notes": list(seen.notes),
        **tables,
        "parameters": list(_parameters(seen)),
    }
    return {key: _sayable(value) for key, value in whole.items()}


def as_text(seen: Verification) -> str:
    """The verdict in a sentence, what it was measured on, and a table of both runs."""
    lines = [_sentence(seen.verdict)]
    about = []
    if seen.retained:
        about += ["The program as it is raises at a second walk; it was run with every graph retained instead."]
    if seen.averaged:
        about += [
            "The program as it is raises at a second walk under DistributedDataParallel, which averages one walk; "
            "it was run with every walk averaged over the ranks instead."
        ]
    if seen.wide is not None:
        about += [
            "Gradients differed by more than the program's own noise, though by no more than rounding may: "
            "both versions were run again in float64, and what differs is said of those runs."
        ]
    about += [f"Rewritten: {path}" for path in seen.changed]
    about += [f"Note: {note}" for note in seen.notes]
    lines += ["", *about] if about else []
    if seen.after is not None:
        lines += ["", *_table(figures(seen.before, seen.saved_before), figures(seen.after, seen.saved_after))]
        lines += ["", *_differences(seen)]
    if printed := _printed(seen):
        whose = "it printed as rewritten" if seen.after is not None and seen.after.failure else "the program printed"
        lines += ["", f"The end of what {whose}:", *printed]
    return "\n".join([*lines, "", SIDE_EFFECTS])


def _printed(seen: Verification) -> list[str] | None:
    """The last lines of the program that failed; None if none did."""
    failed = next((run for run in (seen.before, seen.again, seen.after) if run is not None and run.failure), None)
    return failed.log_tail.splitlines()[-_LINES:] if failed else None


def _sentence(verdict: Verdict) -> str:
    if isinstance(verdict, Equivalent):
        return (
            f"equivalent: {verdict.steps} steps, {verdict.parameters} parameters; largest difference "
            f"{verdict.largest:.3g} where {verdict.allowed:.3g} is allowed (own noise {verdict.noise:.3g})"
            f"{', in float64' if verdict.wide else ''}"
        )
    if isinstance(verdict, Undecided) or verdict.counterexample is None:
        return f"{verdict.word}: {verdict.reason}"
    example = verdict.counterexample
    where = "[" + ", ".join(map(str, example.place)) + "]" if example.place else ""
    also = f"; so are {len(verdict.others)} more: {', '.join(verdict.others[:4])}" if verdict.others else ""
    digits = 15 if verdict.wide else 9
    return (
        f"differs: step {example.step}, {example.parameter}{where} is {shown(example.before, digits)} as it is and "
        f"{shown(example.after, digits)} as rewritten ({example.process}, optimizer {example.optimizer}, "
        f"{example.allowed:.3g} allowed{', in float64' if verdict.wide else ''}){also}"
    )


def _table(before: Figures, after: Figures) -> Iterator[str]:
    rows: list[tuple[str, float | None, float | None, str]] = [
        ("walks of a parameter, most", before.walks, after.walks, "{:d}"),
        ("backward calls a step, most", before.backward_calls, after.backward_calls, "{:d}"),
        ("losses walked, first step", before.loss, after.loss, "{:.6g}"),
        ("saved tensors, peak MiB", _mebi(before.saved_bytes), _mebi(after.saved_bytes), "{:.4g}"),
        ("resident memory, peak MiB", _mebi(before.resident_bytes), _mebi(after.resident_bytes), "{:.0f}"),
        ("device memory, peak MiB", _mebi(before.device_bytes), _mebi(after.device_bytes), "{:.1f}"),
        ("time a step, s", before.seconds, after.seconds, "{:.4g}"),
    ]
    yield f"{'':30}{'as it is':>14}{'as rewritten':>14}{'ratio':>8}"
    for name, one, two, form in rows:
        if one is None and two is None:
            continue
        ratio = f"{two / one:.2f}" if one and two is not None else ""
        yield f"{name:30}{_shown(one, form):>14}{_shown(two, form):>14}{ratio:>8}"


def _differences(seen: Verification) -> Iterator[str]:
    rows = sorted(_parameters(seen), key=lambda row: row["distance"] / (row["scale"] or 1.0), reverse=True)
    if not rows:
        return
    width = min(max(len(row["name"]) for row in rows), 48)
    names = {"process", *(row["process"] for row in rows)}
    wide = max(map(len, names))
    # One process needs no column that says which.
    process = {name: f"{name:{wide}}  " if len(names) > 2 else "" for name in names}
    head = f"{'parameter':{width}}  {process['process']}step"
    yield f"{head}  {'walks':>9}  {'difference':>10}  {'noise':>10}  {'largest':>10}"
    for row in rows[:_ROWS]:
        walks = f"{row['walks_before']} -> {row['walks_after']}"
        yield (
            f"{row['name'][-width:]:{width}}  {process[row['process']]}{row['step']:>4}  {walks:>9}  "
            f"{row['distance']:>10.3g}  {row['noise']:>10.3g}  {row['scale']:>10.3g}"
        )
    if len(rows) > _ROWS:
        yield f"... and {len(rows) - _ROWS} more (--output-format json has all)"


def _parameters(seen: Verification) -> Iterator[dict[str, Any]]:
    """One row for each process, step and parameter that both runs have."""
    if seen.after is None or seen.again is None:
        return
    runs = (seen.before, seen.again, seen.after)
    if seen.wide is not None:
        runs = (seen.wide.before, seen.wide.again, seen.wide.after)
    for one, own, other in zip(*(run.processes for run in runs), strict=False):
        for number, steps in enumerate(zip(one.steps, own.steps, other.steps, strict=False), start=1):
            for first, noisy, last in zip(*(step.parameters for step in steps), strict=False):
                if last.gap is None or noisy.gap is None:
                    continue
                yield {
                    "process": other.key,
                    "step": number,
                    "kind": steps[2].kind,
                    "optimizer": steps[2].optimizer,
                    "name": first.name,
                    "shape": list(first.shape),
                    "dtype": first.dtype,
                    "walks_before": first.walks,
                    "walks_after": last.walks,
                    "distance": last.gap.distance,
                    "noise": noisy.gap.distance,
                    "scale": last.gap.scale,
                    "place": list(last.gap.place),
                    "before": last.gap.before,
                    "after": last.gap.after,
                }


def _steps(run: RunRecord | None) -> Iterator[StepRecord]:
    if run is not None:
        for process in run.processes:
            yield from process.steps


def _most(values: Iterator[int | None]) -> int | None:
    return max((value for value in values if value is not None), default=None)


def _mebi(size: int | None) -> float | None:
    return None if size is None else size / 2**20


def _shown(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _sayable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _sayable(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sayable(one) for one in value]
    return value
