"""A program being written: its random choices, its definitions, its set-up and its step.

A step is a list of lines. Two marks in it are filled in by the scaffold that the step ends up in: `§name`
is a persistent object (`model`, `self.model`, `state["model"]`, ...), `¤` leaves the step.
Tensors are (ROWS, WIDTH) throughout, so that almost any composition runs.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

ROWS, WIDTH, CLASSES = 4, 6, 3
T = TypeVar("T")


class Choice(NamedTuple):
    """One value of a flag: environment variables and command-line arguments that select it."""

    label: str
    environment: tuple[tuple[str, str], ...] = ()
    arguments: tuple[str, ...] = ()


class Flag(NamedTuple):
    """An option that the program reads when it runs, with all its values."""

    name: str
    choices: tuple[Choice, ...]


def indent(lines: Iterable[str]) -> list[str]:
    """The lines, one level deeper."""
    return ["    " + line if line else line for line in lines]


@dataclass
class Draft:
    """What is written so far. `setup` runs once, `before` and `after` stand around the loop over steps."""

    rng: random.Random
    imports: set[str] = field(default_factory=set)
    definitions: list[list[str]] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    persistent: list[str] = field(default_factory=list)
    carried: list[str] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    conditions: list[tuple[str, str]] = field(default_factory=list)
    flag_style: str = ""
    features: set[str] = field(default_factory=set)
    taken: set[str] = field(default_factory=set)
    rare: float = 0.06

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.rng.random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, all alike."""
        return self.rng.choice(options)

    def weigh(self, options: Mapping[T, float]) -> T:
        """One of the options, by weight."""
        return self.rng.choices(list(options), list(options.values()))[0]

    def shuffled(self, options: Iterable[T]) -> list[T]:
        """The options in random order."""
        mixed = list(options)
        self.rng.shuffle(mixed)
        return mixed

    def note(self, feature: str) -> None:
        """Remember that the program has a feature (for the statistics)."""
        self.features.add(feature)

    def fresh(self, *bases: str) -> str:
        """A name that nothing in the program has yet."""
        base = self.pick(bases)
        name, number = base, 2
        while name in self.taken:
            name, number = f"{base}{number}", number + 1
        self.taken.add(name)
        return name

    def define(self, lines: Iterable[str]) -> None:
        """Add a class or a function to the module."""
        self.definitions.append(list(lines))

    def persist(self, base: str, expression: str, carried: bool = False, early: bool = True) -> str:
        """Make an object in the set-up (or just before the loop); the step rebinds it if `carried`."""
        name = self.fresh(base)
        self.persistent.append(name)
        if carried:
            self.carried.append(name)
        (self.setup if early else self.before).append(f"§{name} = {expression}")
        return f"§{name}"
