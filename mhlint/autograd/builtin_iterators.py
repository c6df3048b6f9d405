"""`iter` and `next`: taking items one by one."""

from __future__ import annotations

from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import Generator, drain, elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Backward, Step, Write, ZeroGrad
from mhlint.autograd.values import (
    NONE,
    Object,
    Sequence,
    Unknown,
    Value,
    tensors_in,
)
from mhlint.syntax.program import Site

_MOST_TAKEN = 8


def _iter(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    if isinstance(source, (Generator, Object, Unknown)):
        return source if not isinstance(source, Unknown) else Object("iterator", {"source": source})
    items, exact = elements(machine, source, site)
    return Object("iterator", {"items": Sequence(list(items), exact=exact)})


def _next(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    if isinstance(source, Generator):
        return _next_of_generator(machine, source, args[1] if len(args) > 1 else None)
    if isinstance(source, Object) and isinstance(source.settings.get("items"), Sequence):
        left = source.settings["items"]
        assert isinstance(left, Sequence)
        if left.items:
            return left.items.pop(0)
    if isinstance(source, Sequence) and source.items:
        return source.items[0]
    return machine.unknown("next", tuple(tensors_in(source)))


def _next_of_generator(machine: Machine, source: Generator, default: Value | None) -> Value:
    """The item after those already taken: the generator runs again up to it, unless running it does something."""
    if source.spent or (source.acts and source.taken) or source.taken >= _MOST_TAKEN:
        return default if source.spent and default is not None else machine.unknown("next")
    before = len(machine.trace.events)
    items = drain(machine, Generator(source.produce), most=source.taken + 1)
    source.acts = any(isinstance(event, (Backward, Step, Write, ZeroGrad)) for event in machine.trace.events[before:])
    source.taken += 1
    if len(items) < source.taken:
        source.spent = True
        return default if default is not None else machine.unknown("next")
    return items[-1]


CALLS: dict[str, Handler] = {"iter": _iter, "next": _next}
