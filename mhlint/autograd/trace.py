"""What one run of a function did, event by event: the only thing that rules read.

A `Trace` is one path through one root (a script, a function or a method that nothing else calls); `Runs` are all
the paths that were explored for all roots of one source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from mhlint.autograd.graph import Change, Level, Node, Saved, Turn, Walk
from mhlint.autograd.values import Gradient, Key, Module, Optimizer, Tensor, Value
from mhlint.syntax.program import Program, Site


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition the machine could not decide, the side taken on this path, and where it stands.

    `subject` is the condition without its negation, the same wherever it is asked; `count` is how often it had
    been asked before; `settled` when its other side is known to make no difference and need not be run; `aside` when it
    stands in code that only computes (see `asides`); `doubtful` when a run may well never take this side: what the
    condition asks has one answer that was not computed, or a number is none.
    """

    text: str
    taken: bool
    site: Site
    turn: Turn
    count: int
    subject: str = ""
    settled: bool = False
    aside: bool = False
    doubtful: bool = False


@dataclass(eq=False, kw_only=True, slots=True)
class Event:
    """Something that happened: where, in which turns of the enclosing loops, after how many choices.

    `index` counts the events of a trace; `stack` are the calls that led there, outermost first; nodes made before
    it have a `sequence` of at most `serial`.
    """

    site: Site
    turn: Turn
    index: int
    choices: int
    stack: tuple[Site, ...] = ()
    serial: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a walk raises.

    `kind` is "freed" (a kept node was freed by the walk `earlier`), "version" (`saved` was changed by `change`),
    "non-scalar", "no-graph", "no-gradient" (the gradient passed is None), "leaf-in-place", or "region".
    """

    kind: str
    level: Level
    node: Node | None = None
    earlier: Backward | None = None
    saved: Saved | None = None
    change: Change | None = None
    tensor: Tensor | None = None


@dataclass(eq=False, kw_only=True, slots=True)
class Backward(Event):
    """A run of the backward engine. `api` is how it was called: "method", "autograd.backward", "autograd.grad"
    or the name of a wrapper; `starts` are what the roots came from then, before what changes them in place later;
    `retains` is None when not known; `sends` is the leaf whose `.grad` was passed as the gradient, with the walks that
    had been sent before in `resent`; where nothing that is read later leads to what an explicit retain kept, `let_go`
    are the statements that bind what is read later (see `holders`); `told` is the call whose text says to retain."""

    api: str
    roots: tuple[Tensor, ...]
    walk: Walk
    retains: bool | None
    explicit_retain: bool = False
    creates_graph: bool = False
    gradient: Value | None = None
    sends: Tensor | None = None
    sent_walks: tuple[int, ...] = ()
    starts: tuple[Node | Tensor | None, ...] = ()
    inputs: tuple[Tensor, ...] | None = None
    failure: Failure | None = None
    caught: bool = False
    silent_changes: tuple[tuple[Node, Saved, Change, Level], ...] = ()
    let_go: frozenset[ast.AST] | None = None
    told: Site | None = None


@dataclass(eq=False, kw_only=True, slots=True)
class InPlaceFailure(Event):
    """An in-place operation that raises by itself, as on a leaf that requires grad (FACTS F40, F57)."""

    tensor: Tensor
    text: str


@dataclass(eq=False, kw_only=True, slots=True)
class ModuleCall(Event):
    """A module ran forward: which, on which tensors (with their versions) and what else, giving what; of its parameters
    the versions, and which of them required grad."""

    module: Value
    inputs: tuple[tuple[Tensor, int], ...]
    output: Value
    grad_enabled: bool | None
    parameters: tuple[Tensor, ...]
    versions: tuple[int, ...]
    random: bool
    level: Level
    training: bool | None = None
    others: tuple[Key, ...] = ()
    trains: tuple[bool | None, ...] = ()


@dataclass(eq=False, kw_only=True, slots=True)
class Step(Event):
    """An optimizer changed the parameters in `changed`, each as sure as its gradient was to be there."""

    optimizer: Optimizer | None
    changed: dict[Tensor, Level]


@dataclass(eq=False, kw_only=True, slots=True)
class ZeroGrad(Event):
    """Gradients were cleared; `discarded` are those that walks had filled and nothing had used since."""

    tensors: tuple[Tensor, ...]
    discarded: dict[Tensor, Gradient]
    exact: bool


@dataclass(eq=False, kw_only=True, slots=True)
class ReadGrad(Event):
    """`.grad` was read. For a non-leaf without `retain_grad()` it is None (FACTS F77)."""

    tensor: Tensor
    level: Level


@dataclass(eq=False, kw_only=True, slots=True)
class Clip(Event):
    """Gradients were clipped or scaled, or (`given`) set to another tensor by hand: `p.grad = g`."""

    tensors: tuple[Tensor, ...]
    given: bool = False


@dataclass(eq=False, kw_only=True, slots=True)
class Write(Event):
    """A tensor was changed in place, by an operation, a copy or a load."""

    tensor: Tensor
    change: Change


@dataclass(eq=False, kw_only=True, slots=True)
class Detach(Event):
    """A tensor was cut from its graph: `result` shares `tensor`'s memory and none of its graph."""

    tensor: Tensor
    result: Tensor


@dataclass(eq=False, kw_only=True, slots=True)
class Shown(Event):
    """The program looks at what a tensor is in the graph: whether it is a leaf, its node, its text with both in it."""

    tensor: Tensor


@dataclass(eq=False, kw_only=True, slots=True)
class Escape(Event):
    """Tensors became visible to code that the machine does not see: it may walk them at any time.

    `how` is "call" (passed to an unseen function), "return" (returned by the root), "stale call" and "stale return"
    (the same, where a walk would raise: the weights were stepped on since), "attribute" (kept by an object that
    outlives the root, with its `name`), or "own attribute" (the same, where the text of its class makes no use of it
    outside of what was run)."""

    tensors: tuple[Tensor, ...]
    how: str
    name: str = ""


@dataclass(eq=False, kw_only=True, slots=True)
class Unseen(Event):
    """A call of something that the machine does not see and whose name does not say that it is harmless.

    `given` are the values that it was given."""

    label: str
    given: tuple[Value, ...] = ()


@dataclass(eq=False, kw_only=True, slots=True)
class Loop(Event):
    """A `for` loop began: `site` is the statement, `surely_turns` whether it has a first turn for certain."""

    activation: int
    surely_turns: bool


@dataclass(eq=False, kw_only=True, slots=True)
class Hook(Event):
    """A hook was registered on a tensor or module; with `flag`, its parameters' requires_grad was switched."""

    target: Value
    flag: bool = False


@dataclass(eq=False, kw_only=True, slots=True)
class Misuse(Event):
    """A call that is wrong or outdated by itself; `kind` names it for the rule that reports it."""

    kind: str
    name: str
    values: tuple[Value, ...] = ()
    level: Level = Level.CERTAIN


E = TypeVar("E", bound=Event)


@dataclass(eq=False)
class Trace:
    """One path: its events in order, the choices that led along it, and whether it ran to its end.

    `ended` is "done", "raised" (a walk failed) or "budget" (given up: nothing is said about what was not run).
    `found` are the attributes that were read before anything had stored them: what another call had left there. A path
    that ends where the program itself raises, at its `dead_end`, is run by nobody; `deciding` are conditions on which
    that hangs.
    """

    root: str
    events: list[Event] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    ended: str = "done"
    virtual_loop: int = 0
    found: set[str] = field(default_factory=set)
    dead_end: ast.AST | None = None
    deciding: frozenset[ast.AST] = frozenset()

    def of(self, kind: type[E]) -> Iterator[E]:
        """The events of one kind, in order."""
        return (event for event in self.events if isinstance(event, kind))

    def between(self, first: Event, last: Event) -> list[Event]:
        """The events strictly between two events."""
        return self.events[first.index + 1 : last.index]


@dataclass(eq=False)
class Root:
    """All explored paths of one root. `complete` is false when a budget cut the exploration short; `covered` are the
    statements that some path has run."""

    name: str
    traces: list[Trace] = field(default_factory=list)
    complete: bool = True
    covered: set[ast.AST] = field(default_factory=set)


@dataclass(eq=False)
class Runs:
    """All roots of one source; `repaired` are those in which a walk raises, run on past it (by few rules read).

    `all_run` is false where the budget did not last for every root.
    """

    program: Program
    roots: list[Root] = field(default_factory=list)
    repaired: list[Root] = field(default_factory=list)
    steps: int = 0
    all_run: bool = True

    def traces(self) -> Iterator[tuple[Root, Trace]]:
        for root in self.roots:
            for trace in root.traces:
                yield root, trace


__all__ = [
    "Backward", "Choice", "Clip", "Detach", "Escape", "Event", "Failure", "Hook", "InPlaceFailure", "Loop",
    "Misuse", "Module", "ModuleCall", "ReadGrad", "Root", "Runs", "Step", "Trace", "Unseen", "Write", "ZeroGrad",
]  # fmt: skip
