"""The machine: runs a program abstractly, as Python would, and writes down what autograd would do.

This file holds its state and the doors through which the other files of this folder reach each other; what each
statement, expression, call and tensor operation means is in the file of that name.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from mhlint.autograd.asides import Asides
from mhlint.autograd.frames import Frame, GiveUp
from mhlint.autograd.graph import Level, Node, Turn
from mhlint.autograd.paths import Budget, Path
from mhlint.autograd.trace import Event, Trace
from mhlint.autograd.values import (
    ORIGIN,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Namespace,
    Object,
    Sequence,
    Tensor,
    Term,
    Unknown,
    Value,
    key_of,
)
from mhlint.syntax.liveness import Liveness
from mhlint.syntax.program import Program, Site
from mhlint.syntax.project import Project

E = TypeVar("E", bound=Event)


class SetUp(NamedTuple):
    """The object that a root was called on, and the functions that were run to make it."""

    owner: Instance
    run: frozenset[ast.AST]


def _each_once(deps: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """What a value may hold is joined from what others may hold: the same tensors over and over in a loop."""
    return tuple(dict.fromkeys(deps)) if len(deps) > 1 else deps


@dataclass(eq=False)
class Machine:
    """The state of one run along one path; `going_on` past walks that fail, as if they had been repaired."""

    project: Project
    path: Path
    trace: Trace
    budget: Budget
    asides: Asides
    backward_calls: tuple[str, ...] = ()
    going_on: bool = False
    grad_enabled: bool | None = True
    turn: Turn = ()
    steps: int = 0
    effects: int = 0
    serial: int = 0
    stack: list[Site] = field(default_factory=list)
    active: list[Function] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    waiting: list[Frame] = field(default_factory=list)
    entered: set[ast.AST] = field(default_factory=set)
    covered: set[ast.AST] = field(default_factory=set)
    held: set[ast.AST] = field(default_factory=set)
    liveness: dict[ast.AST, Liveness] = field(default_factory=dict)
    catching: list[tuple[Frame | None, str, frozenset[str]]] = field(default_factory=list)
    namespaces: dict[Program, Namespace] = field(default_factory=dict)
    asked: dict[Key, Key] = field(default_factory=dict)
    after_skipped: set[tuple[int, int]] = field(default_factory=set)
    begun_elsewhere: set[tuple[Instance, str]] = field(default_factory=set)
    stored_elsewhere: set[tuple[Instance, str]] = field(default_factory=set)
    environment: dict[Key, Value] = field(default_factory=dict)
    stand_ins: set[Value] = field(default_factory=set)
    perhaps_missing: set[Library] = field(default_factory=set)
    measured: set[Sequence] = field(default_factory=set)
    grown: list[Sequence] = field(default_factory=list)
    picked_by: dict[Tensor, Key] = field(default_factory=dict)
    picked_from: dict[Tensor, Tensor] = field(default_factory=dict)
    randomness: int = 0
    structure: int = 0
    terms: dict[Term, Term] = field(default_factory=dict)
    least: dict[Key, int] = field(default_factory=dict)
    listed: dict[Value, tuple[int, list[Tensor]]] = field(default_factory=dict)
    current: Site | None = None
    returned: Site | None = None
    retained: bool = False
    set_up: SetUp | None = None
    copies_saved: bool = False
    first_side: bool = True
    defining: bool = False
    subject: Instance | None = None
    left_open: bool = False
    rest: tuple[list[ast.stmt], int] = ([], 0)

    # Doors between the files of this folder, set by `mhlint.autograd.run`.
    evaluate: Callable[[Machine, Frame, ast.expr], Value] = field(init=False)
    execute: Callable[[Machine, Frame, list[ast.stmt]], None] = field(init=False)
    call: Callable[..., Value] = field(init=False)
    member: Callable[[Machine, Instance, str], Value | None] = field(init=False)
    batches: Callable[[Machine, Object, Site | None], list[Value]] = field(init=False)

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def spend(self) -> None:
        """Count one step of work; GiveUp when the budget is used up."""
        self.steps += 1
        if self.steps > self.budget.steps:
            raise GiveUp

    def emit(self, event_type: type[E], site: Site, /, **details: Any) -> E:
        """Write an event into the trace."""
        event = event_type(
            site=site,
            turn=self.turn,
            index=len(self.trace.events),
            choices=len(self.path.taken),
            stack=tuple(self.stack),
            serial=self.serial,
            **details,
        )
        self.trace.events.append(event)
        self.effects += 1
        return event

    def note(self, event_type: type[E], site: Site, /, **details: Any) -> None:
        """Write down something that has no effect: no reason to explore another path."""
        effects = self.effects
        self.emit(event_type, site, **details)
        self.effects = effects

    def unknown(self, label: str = "", deps: tuple[Tensor, ...] = (), key: Key = None) -> Unknown:
        """A fresh unknown value, or the one of a given key."""
        key = key if key is not None else ("fresh", self.next_serial())
        return Unknown(key, label, _each_once(deps), turn=self.turn)

    def derived(self, kind: str, parts: tuple[Value | Key, ...], label: str, deps: tuple[Tensor, ...] = ()) -> Unknown:
        """An unknown that is the same whenever it is computed from the same parts."""
        term = Term((kind, *(key_of(part) if isinstance(part, Value) else part for part in parts)))
        made = Unknown(self.terms.setdefault(term, term), label, _each_once(deps), at_least=self.least.get(term))
        unknown = [part for part in parts if isinstance(part, Unknown)]
        made.data = any(part.data for part in unknown)
        made.computed = bool(unknown) and all(part.computed for part in unknown)
        made.turn = self._came_about(parts)
        for part in unknown:
            if ORIGIN in part.attributes:
                made.attributes[ORIGIN] = part.attributes[ORIGIN]
        return made

    def _came_about(self, parts: tuple[Value | Key, ...]) -> Turn:
        """A part of what is not changed is as old as that: `batch["x"]` of the turn that has drawn the batch."""
        turns = [part.turn for part in parts if isinstance(part, Unknown)]
        if not turns or any(isinstance(part, Value) and not isinstance(part, (Unknown, Const)) for part in parts):
            return self.turn
        return max(turns, key=len)

    def is_at_least(self, key: Key, number: int) -> None:
        """From here on the number of this key is taken to be so large: a loop over it has run so many turns."""
        self.least[key] = max(number, self.least.get(key, number))

    def node(
        self,
        op: str,
        site: Site,
        inputs: list[tuple[Node | Tensor, Level]],
        keeps: Level,
        sure: Level,
    ) -> Node:
        return Node(op, site, self.turn, self.next_serial(), keeps, sure, inputs, copies=self.copies_saved)

    @contextmanager
    def gradients(self, enabled: bool | None) -> Iterator[None]:
        """Run a block with gradients on, off or not known."""
        before, self.grad_enabled = self.grad_enabled, enabled
        try:
            yield
        finally:
            self.grad_enabled = before

    @contextmanager
    def preferring(self, side: bool) -> Iterator[None]:
        """Run a block in which the parts of a condition are first taken to have this answer."""
        before, self.first_side = self.first_side, side
        try:
            yield
        finally:
            self.first_side = before

    @contextmanager
    def in_turn(self, turn: Turn) -> Iterator[None]:
        before, self.turn = self.turn, turn
        try:
            yield
        finally:
            self.turn = before
