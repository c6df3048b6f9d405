"""What came of fixing a random program: untouched, the same in all that PyTorch shows, or how it differs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.random_programs.generate import generate

from .random_steps import LEFT, random_step
from .stepping import differs, fixed_at_once, run

STYLES = ("auto", "sum", "detach-reinject")
SOURCES: dict[str, Callable[[int], str]] = {
    "rewritable": lambda seed: random_step(seed, hazards=False),
    "hazardous": lambda seed: random_step(seed, hazards=True),
    "programs": lambda seed: generate(seed).text,
}


def verdict(source: str, seed: int, folder: Path, unsafe: bool = False) -> str:
    """What came of fixing the program of a seed. A second run of the fixes must change nothing."""
    before = SOURCES[source](seed)
    style = STYLES[seed % 3]
    after = fixed_at_once(before, style, unsafe)
    compile(after, "program.py", "exec")
    if after == before:
        return "untouched"
    if fixed_at_once(after, style, unsafe) != after:
        return "DIFFERS: a second run changes more"
    left = "" if source == "programs" else LEFT
    old = run(before + left, folder)
    if old.recording.error is not None:
        return "cannot be compared: it raises in both forms"
    return differs(old, run(after + left, folder)) or "same"
