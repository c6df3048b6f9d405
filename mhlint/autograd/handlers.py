"""What models a function of a library: it takes the machine, the arguments and the place, and gives a value."""

from __future__ import annotations

from collections.abc import Callable

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Value
from mhlint.syntax.program import Site

Args = list[Value]
Keywords = dict[str, Value]
Handler = Callable[[Machine, Args, Keywords, Site | None], Value]
