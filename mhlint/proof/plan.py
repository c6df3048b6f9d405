"""What one run of the user's program is to do and where it leaves its records; every process reads it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

PLAN_VARIABLE = "MHLINT_VERIFY_PLAN"
START_VARIABLE = "MHLINT_VERIFY_START"


@dataclass(frozen=True)
class Plan:
    """One run: `program` is a script's path, or a module's name if `module`; folders are absolute paths.

    `served` maps a source file's path to the file whose text is run in its place. `against` is the folder of
    the reference run, None for the reference itself. `retain` keeps the graph in every backward call; `averaged`
    averages the gradients of every walk over the ranks; `saved` counts the bytes of saved tensors; `wide` computes
    in float64 whatever the program asks for.
    """

    program: str
    arguments: tuple[str, ...]
    module: bool
    steps: int
    seed: int
    folder: str
    against: str | None = None
    retain: bool = False
    averaged: bool = False
    saved: bool = False
    wide: bool = False
    served: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Keep the plan as JSON."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_plan(path: Path) -> Plan:
    """The plan kept in a file."""
    entry = json.loads(path.read_text(encoding="utf-8"))
    entry["arguments"] = tuple(entry["arguments"])
    return Plan(**entry)
