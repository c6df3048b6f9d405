"""Random training steps that can be rewritten, and such as only look as if.

Each has a trunk, a boundary of some form, several heads and several walks, with logging, weights, skipped heads,
extra terms, wrappers, several statements in a line and, if wanted, hazards (hooks, clipping, steps, in-place changes,
early exits) strewn in.
"""

from __future__ import annotations

import random

from .boundaries import boundary
from .frames import ending, framed
from .rows import joined
from .setting import LEFT
from .shapes import walks
from .strewn import early_hazard

__all__ = ["LEFT", "random_step"]


def random_step(seed: int, hazards: bool) -> str:
    """A program of a seed; with `hazards`, one that likely must not be touched."""
    choose = random.Random(seed)
    trunk = boundary(choose)
    lines = [*trunk.made, *(early_hazard(choose, trunk) if hazards and choose.random() < 0.25 else [])]
    body, scaled = walks(choose, trunk, hazards)
    clearing = "opt.zero_grad()"
    if choose.random() < 0.5:
        lines.append(clearing)
    else:
        lines.insert(0, clearing)
    lines += body
    if choose.random() < 0.2:
        lines = joined(choose, lines)
    return framed(choose, lines, ending(choose, trunk, scaled), clearing)

