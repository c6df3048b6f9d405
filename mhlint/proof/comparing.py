"""Do two recorded runs have the same gradients? Equivalent, differs (where), or undecided (why)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mhlint.proof.records import Gap, ParameterRecord, ProcessRecord, RunRecord, StepRecord


class Tolerance(NamedTuple):
    """What rounding may do: relative to the largest gradient of the parameter, and of the whole step.

    The second part is for gradients that are zero but for rounding, such as a bias in front of a batch norm.
    """

    of_parameter: float
    of_step: float


TOLERANCES: Mapping[str, Tolerance] = {
    "float64": Tolerance(1e-9, 1e-12),
    "float32": Tolerance(1e-4, 1e-6),
    "tfloat32": Tolerance(1e-2, 1e-3),
    "float16": Tolerance(1e-2, 1e-3),
    "bfloat16": Tolerance(5e-2, 5e-3),
}
NOISE_FACTOR = 10.0
NOISE_LIMIT = 0.01
NOISY = "not deterministic: "


class Counterexample(NamedTuple):
    """Where two runs differ: the first such step, and in it the parameter that says most about the cause."""

    process: str
    step: int
    optimizer: int
    parameter: str
    place: tuple[int, ...]
    before: float | None
    after: float | None
    allowed: float


@dataclass(frozen=True)
class Equivalent:
    """No gradient differs by more than rounding and the program's own noise; differences are absolute.

    `wide` says that the runs compared computed in float64.
    """

    steps: int
    parameters: int
    largest: float
    allowed: float
    noise: float
    wide: bool = False
    word: str = "equivalent"
    equivalent: bool = True


@dataclass(frozen=True)
class Differs:
    """The gradients, or the steps, are not the same; `others` are more parameters of that step."""

    reason: str
    counterexample: Counterexample | None = None
    others: tuple[str, ...] = ()
    wide: bool = False
    word: str = "differs"
    equivalent: bool = False


@dataclass(frozen=True)
class Undecided:
    """Nothing was proven, for this reason."""

    reason: str
    word: str = "undecided"
    equivalent: bool = False


Verdict = Equivalent | Differs | Undecided


def rounding_of(precision: str) -> Tolerance:
    """What rounding may do in a floating type, given by its name."""
    return TOLERANCES.get(precision, TOLERANCES["float32"])


def allowed_distance(gap: Gap, noise: float, rounding: Tolerance, step_scale: float) -> float:
    """How far apart two gradients of one parameter may be and still count as the same."""
    return NOISE_FACTOR * noise + rounding.of_parameter * gap.scale + rounding.of_step * step_scale


def allowed_noise(scale: float, rounding: Tolerance, step_scale: float) -> float:
    """How much a gradient may move from run to run before a comparison says nothing."""
    return max(NOISE_LIMIT, rounding.of_parameter) * scale + rounding.of_step * step_scale


def shown(value: float | None, digits: int = 9) -> str:
    """One gradient's value in words."""
    return "no gradient" if value is None else f"{value:.{digits}g}"


def compare(again: RunRecord, after: RunRecord) -> Verdict:
    """The verdict on two runs whose gaps are measured against one and the same reference run.

    `again` is the reference program once more, so its gaps are the program's own noise.
    """
    if not again.steps:
        return Undecided("no optimizer step was reached")
    if again.keys != after.keys:
        text = f"processes that train: {_names(again.keys)} before, {_names(after.keys)} after"
        # A pool gives its work to whichever of its processes is free.
        pooled = all(started_by_program(key) for key in again.keys ^ after.keys)
        return Undecided(f"{NOISY}{text}") if pooled else Differs(text)
    verdicts = [
        _compare_process(noisy, other)
        for noisy, other in zip(again.processes, after.processes, strict=True)
        if noisy.steps or other.steps
    ]
    return _worst(verdicts)


def started_by_program(key: str) -> bool:
    """Whether a process, named as in a record, is one that the program started by itself."""
    return key != "MainProcess" and not key.removeprefix("rank").isdecimal()


def beyond_noise(again: RunRecord, after: RunRecord) -> bool:
    """Whether any gradient differs by more than the program's own noise, by rounding or by little in truth.

    In float64 what rounding may do is so little that nothing is left to ask.
    """
    return any(
        _gap(parameter).distance > NOISE_FACTOR * _gap(own).distance
        for one, other in zip(again.processes, after.processes, strict=False)
        for noisy, step in zip(one.steps, other.steps, strict=False)
        if step.kind != "skipped" and step.precision != "float64"
        for own, parameter in zip(noisy.parameters, step.parameters, strict=False)
    )


def _worst(verdicts: list[Verdict]) -> Verdict:
    differs = [verdict for verdict in verdicts if isinstance(verdict, Differs)]
    if differs:
        return min(differs, key=lambda one: one.counterexample.step if one.counterexample else 0)
    undecided = [verdict for verdict in verdicts if isinstance(verdict, Undecided)]
    if undecided:
        return undecided[0]
    equal = [verdict for verdict in verdicts if isinstance(verdict, Equivalent)]
    worst = max(equal, key=lambda one: _nearness((one.largest, one.allowed)))
    return Equivalent(
        min(one.steps for one in equal),
        max(one.parameters for one in equal),
        worst.largest,
        worst.allowed,
        max(one.noise for one in equal),
    )


def _compare_process(again: ProcessRecord, after: ProcessRecord) -> Verdict:
    noise = _noise(again)
    undecided: Undecided | None = None
    largest = (0.0, 0.0)
    for number, (own, other) in enumerate(zip(again.steps, after.steps, strict=False), start=1):
        if (own.kind, own.optimizer) != (other.kind, other.optimizer):
            return Differs(f"step {number} is {_says(own)} before and {_says(other)} after")
        if len(own.parameters) != len(other.parameters):
            return Undecided(
                f"the optimizers hold {len(own.parameters)} and {len(other.parameters)} parameters"
            )
        if own.kind == "skipped":
            continue
        verdict = _compare_step(after.key, number, own, other, noise)
        if isinstance(verdict, Differs):
            return verdict
        if isinstance(verdict, Undecided):
            undecided = undecided or verdict
        else:
            largest = max(largest, verdict, key=_nearness)
    if undecided:
        return undecided
    if len(again.steps) != len(after.steps):
        return Differs(f"{len(again.steps)} steps before, {len(after.steps)} after")
    if all(step.kind == "skipped" for step in again.steps):
        return Undecided("the gradient scaler skipped every step that was run; ask for more with --steps")
    if not any(_gap(parameter).scale for step in again.steps for parameter in step.parameters):
        return Undecided("every gradient is zero, missing or not finite, so nothing was compared")
    held = {step.optimizer: len(step.parameters) for step in again.steps}
    return Equivalent(len(again.steps), sum(held.values()), largest[0], largest[1], max(noise.values(), default=0.0))


def _compare_step(
    process: str, number: int, own: StepRecord, other: StepRecord, noise: Mapping[tuple[int, int], float]
) -> Differs | Undecided | tuple[float, float]:
    """What differs at one step, or its largest difference and what was allowed there."""
    scale = max((gap.scale for gap in map(_gap, other.parameters)), default=0.0)
    rounding = rounding_of(other.precision)
    found: list[tuple[tuple[int, float], Counterexample]] = []
    undecided: Undecided | None = None
    largest = (0.0, 0.0)
    for position, parameter in enumerate(other.parameters):
        gap, own_noise = _gap(parameter), noise[own.optimizer, position]
        name = own.parameters[position].name
        allowed = allowed_distance(gap, own_noise, rounding, scale)
        if own_noise > allowed_noise(gap.scale, rounding, scale):
            undecided = undecided or Undecided(
                f"{NOISY}{name} moves by {own_noise:.3g} from one run to the next, "
                f"where its largest gradient at step {number} is {gap.scale:.3g}"
            )
        elif not gap.distance <= allowed:
            example = Counterexample(
                process, number, own.optimizer, name, gap.place, gap.before, gap.after, allowed
            )
            size = round(gap.distance / (gap.scale or scale or 1.0), 6)
            found.append(((-own.parameters[position].walks, size), example))
        else:
            largest = max(largest, (gap.distance, allowed), key=_nearness)
    if found:
        # What fewest walks reach is nearest to the cause: a head before the trunk its gradient flows on to.
        worst = max(reversed(found), key=lambda one: one[0])[1]
        others = tuple(example.parameter for _, example in found if example != worst)
        return Differs("the gradients are not the same", worst, others)
    return undecided or largest


def _noise(again: ProcessRecord) -> dict[tuple[int, int], float]:
    """The largest difference that a parameter shows between two runs of the same program."""
    noise: dict[tuple[int, int], float] = {}
    for step in again.steps:
        for position, parameter in enumerate(step.parameters):
            key = step.optimizer, position
            distance = 0.0 if step.kind == "skipped" else _gap(parameter).distance
            noise[key] = max(noise.get(key, 0.0), distance)
    return noise


def ranks_that_disagree(run: RunRecord) -> str | None:
    """The first parameter whose gradient is not the same on every rank, in words; None if all agree."""
    if len(run.processes) < 2:
        return None
    first, *rest = run.processes
    for other in rest:
        for number, (one, two) in enumerate(zip(first.steps, other.steps, strict=False), start=1):
            if one.kind == "skipped" or len(one.parameters) != len(two.parameters):
                continue
            rounding = rounding_of(one.precision)
            for left, right in zip(one.parameters, two.parameters, strict=True):
                if not _same(left, right, rounding.of_parameter):
                    return f"step {number}, {left.name}: {first.key} and {other.key} hold different gradients"
    return None


def _same(one: ParameterRecord, two: ParameterRecord, relative: float) -> bool:
    if one.norm is None or two.norm is None or one.total is None or two.total is None:
        return one.norm is two.norm
    if one.norm != one.norm or two.norm != two.norm:
        return True
    size = max(abs(one.norm), abs(two.norm))
    elements = 1
    for extent in one.shape:
        elements *= extent
    within = relative * size
    return abs(one.norm - two.norm) <= within and abs(one.total - two.total) <= within * elements**0.5


def _nearness(pair: tuple[float, float]) -> tuple[float, float]:
    """How near a difference comes to what is allowed."""
    difference, allowed = pair
    return difference / (allowed or 1.0), allowed


def _gap(parameter: ParameterRecord) -> Gap:
    return parameter.gap or Gap(float("inf"), (), None, None, 0.0)


def _says(step: StepRecord) -> str:
    words = {"step": "a step", "closure": "a closure", "skipped": "a skipped step"}
    return f"{words[step.kind]} of optimizer {step.optimizer} ({step.optimizer_class})"


def _names(keys: frozenset[str]) -> str:
    return ", ".join(sorted(keys)) or "none"
