"""Which way undecided conditions go: the choices of one path, and the paths still to be explored."""

from __future__ import annotations

import ast
import heapq
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from mhlint.autograd.deduction import Fact, asked, follows
from mhlint.autograd.graph import Turn
from mhlint.autograd.trace import Choice, Root, Trace
from mhlint.autograd.values import Key
from mhlint.syntax.program import Site


@dataclass(eq=False)
class Path:
    """The choices of one run: `planned` ones are replayed, later ones take their default side.

    The same key gets the same answer as long as the path lasts; facts that follow from an answer (`mode ==
    "a"` excludes `mode == "b"`) are kept beside it. `unwalked` says of choices which statement their other side would
    run first, where code follows there that walks, and whether that code itself calls the engine.
    """

    planned: tuple[bool, ...] = ()
    taken: list[Choice] = field(default_factory=list)
    given: list[bool] = field(default_factory=list)
    flippable: list[bool] = field(default_factory=list)
    answers: dict[Key, bool] = field(default_factory=dict)
    equals: dict[Key, Key] = field(default_factory=dict)
    differs: dict[Key, set[Key]] = field(default_factory=dict)
    facts: dict[Key, list[Fact]] = field(default_factory=dict)
    pinned: dict[Key, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    unwalked: dict[int, tuple[ast.stmt, bool]] = field(default_factory=dict)
    positions: dict[Key, int] = field(default_factory=dict)

    def known(self, key: Key) -> bool | None:
        """The answer that is already given, or that follows from one."""
        if key in self.answers:
            self._unpin(key)
            return self.answers[key]
        if isinstance(key, tuple) and len(key) == 3 and key[0] == "==":
            left, right = key[1], key[2]
            self._unpin(left)
            if left in self.equals:
                return bool(self.equals[left] == right)
            if right in self.differs.get(left, ()):
                return False
        if (question := asked(key)) is not None and question[0] in self.facts:
            self._unpin(question[0])
            return follows(self.facts[question[0]], question[1])
        return None

    def choose(
        self,
        key: Key,
        text: str,
        default: bool,
        site: Site,
        turn: Turn,
        *,
        flipped: bool = False,
        aside: bool = False,
        doubtful: Callable[[bool], bool] = lambda answer: False,
    ) -> bool:
        """Answer an undecided condition, and remember the answer; `text` says its negation if `flipped`."""
        position = len(self.taken)
        answer = self.planned[position] if position < len(self.planned) else default
        subject = _without_negation(text) if flipped else text
        count = self.asked.get(subject, 0)
        self.asked[subject] = count + 1
        taken = answer != flipped
        self.taken.append(Choice(text, taken, site, turn, count, subject, aside=aside, doubtful=doubtful(taken)))
        self.given.append(answer)
        self.flippable.append(True)
        self.positions[key] = position
        self.learn(key, answer)
        return answer

    def learn(self, key: Key, answer: bool) -> None:
        self.answers[key] = answer
        if (question := asked(key)) is not None:
            self.facts.setdefault(question[0], []).append((question[1], answer))
        if isinstance(key, tuple) and len(key) == 3 and key[0] == "==":
            if answer:
                self.equals[key[1]] = key[2]
            else:
                self.differs.setdefault(key[1], set()).add(key[2])

    def pin(self, position: int, key: Key) -> None:
        """The other side of this choice need not be explored: it makes no difference, unless it is asked again."""
        self.flippable[position] = False
        self.pinned[key] = position
        if isinstance(key, tuple) and len(key) == 3 and key[0] == "==":
            self.pinned[key[1]] = position
        if (question := asked(key)) is not None:
            self.pinned[question[0]] = position

    def unpin_all(self) -> None:
        """The path ends early: another side of any choice may lead further."""
        for position in self.pinned.values():
            self.flippable[position] = True
        self.pinned.clear()

    def choices(self) -> list[Choice]:
        """The choices of the path, those that make no difference marked."""
        return [
            choice if flippable else replace(choice, settled=True)
            for choice, flippable in zip(self.taken, self.flippable, strict=True)
        ]

    def _unpin(self, key: Key) -> None:
        if key in self.pinned:
            self.flippable[self.pinned.pop(key)] = True


def _without_negation(text: str) -> str:
    for negated, plain in ((" != ", " == "), (" is not ", " is "), (" not in ", " in ")):
        if negated in text:
            return text.replace(negated, plain, 1)
    return text.removeprefix("not ")


@dataclass(frozen=True)
class Budget:
    """How much is run: for one root `paths`, evaluated expressions in a path and altogether, depth of calls; for
    all roots of a source `source_steps`."""

    paths: int = 40
    steps: int = 30_000
    total_steps: int = 60_000
    source_steps: int = 300_000
    depth: int = 14


_MOST_BLAMED = 2
"""How often the choices nearest to one place where the program raises are turned first."""


def explore(
    name: str, run: Callable[[Path], tuple[Trace, int]], budget: Budget, covered: set[ast.AST] | None = None
) -> Root:
    """Run a root along its paths, those with fewest choices flipped from their default first.

    A choice in code that only computes counts twice: what it changes matters less often than what walks. One whose
    other side walks and was not run yet, as `covered` says, does not count; walks in that code itself go first. Where
    the program raises by itself, the choices made last before count least: one of them led there. Not again and again
    at one place: what led there lies further back then.
    """
    root = Root(name, covered=set() if covered is None else covered)
    queue: list[tuple[float, int, tuple[bool, ...], float, ast.stmt | None]] = [(0, 0, (), 0, None)]
    dead_ends: Counter[ast.AST | None] = Counter()
    serial = steps = 0
    while queue:
        if len(root.traces) >= budget.paths or steps >= budget.total_steps:
            root.complete = False
            break
        flips, number, planned, gain, first = heapq.heappop(queue)
        if first in root.covered:
            heapq.heappush(queue, (flips + gain, number, planned, 0.0, None))
            continue
        path = Path(planned)
        trace, used = run(path)
        steps += used
        root.traces.append(trace)
        if trace.ended == "budget":
            root.complete = False
        answers = tuple(path.given)
        others = [position for position in range(len(planned), len(answers)) if path.flippable[position]]
        dead_ends[trace.dead_end] += 1
        blamed = _blamed(trace, path, others) if dead_ends[trace.dead_end] <= _MOST_BLAMED else {}
        # More than may be run at all are never taken from the queue.
        for position in dict.fromkeys((*blamed, *others[: budget.paths])):
            serial += 1
            flipped = (*answers[:position], not answers[position])
            cost = blamed.get(position, 2 if path.taken[position].aside else 1)
            other, direct = path.unwalked.get(position, (None, False))
            gain = 0.0 if other is None else cost + 0.5 if direct else cost
            heapq.heappush(queue, (flips + cost - gain, serial, flipped, gain, other))
    return root


def _blamed(trace: Trace, path: Path, others: list[int]) -> dict[int, float]:
    """The choices that may have led into a dead end, and what flipping them costs."""
    if trace.dead_end is None:
        return {}
    near = {position: (rank + 1) / 4 for rank, position in enumerate(reversed(others[-3:]))}
    return near | {position: 0.1 for position in others if path.taken[position].site.node in trace.deciding}
