"""Where names live while the machine runs, and how control leaves a statement."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from mhlint.autograd.trace import Backward
from mhlint.autograd.values import ClassValue, Function, Value
from mhlint.syntax.program import Program, Site


@dataclass(eq=False)
class Frame:
    """The names of one running function, class body or module; `parent` is the frame it closes over."""

    program: Program
    variables: dict[str, Value] = field(default_factory=dict)
    parent: Frame | None = None
    function: Function | None = None
    owner: ClassValue | None = None
    receiver: Value | None = None
    elsewhere: dict[str, Frame] = field(default_factory=dict)
    on_yield: Callable[[Value], Value] | None = None
    is_class_body: bool = False
    light: bool = False

    @property
    def top(self) -> Frame:
        """The frame of the module."""
        frame = self
        while frame.parent is not None:
            frame = frame.parent
        return frame

    def look_up(self, name: str) -> Value | None:
        frame: Frame | None = self.elsewhere.get(name, self)
        first = True
        while frame is not None:
            if name in frame.variables and (first or not frame.is_class_body):
                return frame.variables[name]
            frame, first = frame.parent, False
        return None

    def home_of(self, name: str) -> Frame:
        """The frame that a store to `name` goes to."""
        return self.elsewhere.get(name, self)


class Leave(Exception):
    """Control leaves a block; never an error of the machine."""


class ReturnValue(Leave):
    def __init__(self, value: Value, site: Site | None = None) -> None:
        self.value = value
        self.site = site


class BreakLoop(Leave):
    pass


class ContinueLoop(Leave):
    pass


class ProgramRaises(Leave):
    """The analysed program raises: `kind` is the exception's name, `failure` the walk that failed, if one did.

    `place` is where the program itself raises, and `deciding` are the conditions on which it hangs that a name was not
    bound.
    """

    def __init__(
        self,
        kind: str,
        failure: Backward | None = None,
        *,
        place: ast.AST | None = None,
        deciding: frozenset[ast.AST] = frozenset(),
    ) -> None:
        self.kind = kind
        self.failure = failure
        self.place = place
        self.deciding = deciding


class ProgramExits(Leave):
    """The analysed program ends, as by `sys.exit()`, or runs on for ever."""


class GiveUp(Leave):
    """A budget is used up: nothing is said about what has not been run."""


class StopProducing(Leave):
    """The consumer of a generator wants no more."""
