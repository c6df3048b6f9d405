"""A seed in, a program out."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from .adversaries import actor_critic, gan
from .carried import accumulation, memory, prebuilt, recurrent, totals
from .draft import Choice, Draft, Flag
from .hazards import closures, exclusive, frozen, in_place, weight_writes, wrong_roots
from .heads import multi_head, several_outputs
from .mutation import mutate
from .scaffolds import assemble
from .schemes import gradient_surgery, manual_updates, perturbed, scaled, two_boundaries
from .soup import soup
from .stored import cached_features, loss_objects, rollout, sequences, shared_modules, teacher

FAMILIES: dict[Callable[[Draft], list[str]], float] = {
    multi_head: 7,
    several_outputs: 3,
    gan: 3,
    actor_critic: 3,
    recurrent: 2.5,
    totals: 1.5,
    memory: 2,
    prebuilt: 1.5,
    accumulation: 1,
    weight_writes: 1.5,
    in_place: 1.2,
    frozen: 1.5,
    wrong_roots: 1,
    closures: 0.5,
    exclusive: 2.5,
    soup: 11,
    cached_features: 1.5,
    loss_objects: 2,
    shared_modules: 1.5,
    teacher: 1.5,
    rollout: 1.5,
    sequences: 1,
    gradient_surgery: 1.5,
    perturbed: 1.2,
    scaled: 1,
    two_boundaries: 1,
    manual_updates: 1.5,
}
RESERVED = {
    "loss",
    "value",
    "x",
    "y",
    "i",
    "t",
    "p",
    "step",
    "part",
    "old",
    "args",
    "state",
    "trainer",
    "head",
    "main",
    "norm",
}


@dataclass(frozen=True)
class Program:
    """A program's text, the options that it reads, and what the generator put into it."""

    seed: int
    text: str
    flags: tuple[Flag, ...] = ()
    features: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The file name that the program goes by."""
        return f"program_{self.seed}.py"

    def combinations(self) -> list[tuple[Choice, ...]]:
        """Every choice of a value for each flag."""
        return list(product(*(flag.choices for flag in self.flags)))


def generate(seed: int) -> Program:
    """The program of a seed: always the same text for the same seed."""
    draft = Draft(random.Random(seed), taken=set(RESERVED))
    family = draft.weigh(FAMILIES)
    draft.note(f"family {family.__name__}")
    step = family(draft)
    changes = 0 if family in (scaled, manual_updates) else draft.weigh({0: 6, 1: 3, 2: 1})
    for _ in range(changes):
        step = mutate(draft, step)
    text = assemble(draft, step)
    return Program(seed, text, tuple(draft.flags), frozenset(draft.features))
