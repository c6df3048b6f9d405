"""No safe fix of a random step changes a gradient, a random draw, a statistic or what is printed.

`python -m tests.rewrites.test_random_steps 0 2000` runs a longer stretch and prints what was fixed.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .random_steps import random_step  # noqa: E402
from .stepping import differs, fixed, run  # noqa: E402

STYLES = ("auto", "sum", "detach-reinject")


def verdict(seed: int, hazards: bool, folder: Path) -> str:
    """What came of fixing the step of a seed: untouched, raises, same, or how it differs."""
    before = random_step(seed, hazards)
    after = fixed(before, STYLES[seed % 3])
    if after == before:
        return "untouched"
    old = run(before, folder)
    if old.recording.error is not None:
        return "raises anyway"
    return differs(old, run(after, folder)) or "same"


@pytest.mark.parametrize("hazards", [False, True])
def test_safe_fixes_of_random_steps_change_nothing(hazards: bool, tmp_path: Path) -> None:
    """A stretch of seeds, with and without what forbids a fix."""
    found = {seed: verdict(seed, hazards, tmp_path) for seed in range(36)}
    assert {seed: text for seed, text in found.items() if text.startswith("DIFFERS")} == {}
    assert sum(text == "same" for text in found.values()) >= (6 if hazards else 30)


if __name__ == "__main__":
    first, last = int(sys.argv[1]), int(sys.argv[2])
    place = Path(sys.argv[3] if len(sys.argv) > 3 else ".")
    tally: Counter[str] = Counter()
    for number in range(first, last):
        for risky in (False, True):
            said = verdict(number, risky, place)
            tally[f"{'hazards' if risky else 'plain'}: {said.partition(':')[0]}"] += 1
            if said.startswith("DIFFERS"):
                print(number, risky, said)
    print(dict(tally))
