"""What one run of a program left behind: a line of JSON for every optimizer step of every process."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

EXITED = "exit code"
"""How the error of a program begins that ended itself with a number."""


class Gap(NamedTuple):
    """The largest difference of two gradients of one parameter.

    `distance` is infinite where only one gradient is there or finite, or the shapes differ; `place` is its
    index; a value is None where there is no gradient; `scale` is the first gradient's largest magnitude.
    """

    distance: float
    place: tuple[int, ...]
    before: float | None
    after: float | None
    scale: float


@dataclass(frozen=True)
class ParameterRecord:
    """One parameter at one step: `norm` is None without a gradient, `walks` counts gradients it got."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    walks: int
    norm: float | None
    total: float | None
    gap: Gap | None = None


@dataclass(frozen=True)
class StepRecord:
    """An optimizer's step (`kind` step), a call of its closure (closure), or a step that a scaler skipped.

    `precision` is the coarsest floating type the step computed in; bytes are peaks since the last, None
    where not measured; `losses` are the scalars that were walked, `walks` the backward calls.
    """

    optimizer: int
    optimizer_class: str
    kind: str
    precision: str
    parameters: tuple[ParameterRecord, ...]
    losses: tuple[float, ...] = ()
    walks: int = 0
    seconds: float = 0.0
    saved_bytes: int | None = None
    resident_bytes: int | None = None
    device_bytes: int | None = None


@dataclass(frozen=True)
class ProcessRecord:
    """What one process of a run did; `key` names the process alike in every run of the same program."""

    key: str
    steps: tuple[StepRecord, ...] = ()
    files: frozenset[str] = frozenset()
    end: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class RunRecord:
    """All processes of one run, and why it ended early if it did."""

    processes: tuple[ProcessRecord, ...]
    failure: str | None = None
    log_tail: str = ""
    keys: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset(process.key for process in self.processes))

    @property
    def steps(self) -> int:
        """The number of recorded steps of the process that made most."""
        return max((len(process.steps) for process in self.processes), default=0)

    @property
    def files(self) -> frozenset[str]:
        """The program's own source files that any process loaded."""
        return frozenset().union(*(process.files for process in self.processes))


def step_line(step: StepRecord) -> str:
    """The step as one line of JSON."""
    return json.dumps({"step": asdict(step)})


def read_process(path: Path) -> ProcessRecord:
    """The record that a process wrote line by line; a last line that was cut short is left out."""
    steps: list[StepRecord] = []
    files: set[str] = set()
    end = error = None
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            break
        if "step" in entry:
            steps.append(_step(entry["step"]))
        files.update(entry.get("files", ()))
        end, error = entry.get("end", end), entry.get("error", error)
    return ProcessRecord(path.stem, tuple(steps), frozenset(files), end, error)


def read_run(paths: Iterable[Path], failure: str | None = None, log_tail: str = "") -> RunRecord:
    """The records of all processes of a run, in the order of their names."""
    return RunRecord(tuple(read_process(path) for path in sorted(paths)), failure, log_tail)


def _step(entry: dict[str, Any]) -> StepRecord:
    parameters = tuple(_parameter(parameter) for parameter in entry.pop("parameters"))
    entry["losses"] = tuple(entry["losses"])
    return StepRecord(parameters=parameters, **entry)


def _parameter(entry: dict[str, Any]) -> ParameterRecord:
    gap = entry.pop("gap")
    entry["shape"] = tuple(entry["shape"])
    if gap is None:
        return ParameterRecord(**entry)
    distance, place, before, after, scale = gap
    return ParameterRecord(gap=Gap(distance, tuple(place), before, after, scale), **entry)
