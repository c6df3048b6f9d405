"""`iter`, `next`, `map` and `zip`: taking items one by one, and running what makes them only then."""

from __future__ import annotations

from collections.abc import Callable

from mhlint.autograd.builtin_items import endless, nth, zipped
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import Generator, drain, elements, taken_once
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Backward, Step, Write, ZeroGrad
from mhlint.autograd.values import (
    NONE,
    Const,
    Library,
    Object,
    Sequence,
    Unknown,
    Value,
    tensors_in,
)
from mhlint.syntax.program import Site

_MOST_TAKEN = 8
_MOST_IN_STEP = 24
_MOST_CALLS = 64
_TURNS = 3


def _iter(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    if len(args) == 2:
        return _until(machine, source, args[1], site)
    if isinstance(source, Sequence) and source.once:
        return source
    if isinstance(source, (Generator, Object, Unknown)):
        return source if not isinstance(source, Unknown) else Object("iterator", {"source": source})
    items, exact = elements(machine, source, site)
    return Object("iterator", {"items": Sequence(list(items), exact=exact)})


def _until(machine: Machine, function: Value, last: Value, site: Site | None) -> Generator:
    """`iter(function, last)`: what calls give until one gives the last; three items where they are not known."""

    def produce(consume: Callable[[Value], Value]) -> None:
        for count in range(_MOST_CALLS):
            item = machine.call(machine, function, [], {}, site)
            known = isinstance(item, Const) and isinstance(last, Const)
            if (known and item == last) or (not known and count >= _TURNS):
                made.exact = known
                return
            consume(item)

    made = Generator(produce)
    return made


def _next(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    if isinstance(source, Generator):
        return _next_of_generator(machine, source, args[1] if len(args) > 1 else None)
    if isinstance(source, Object) and isinstance(source.settings.get("items"), Sequence):
        left = source.settings["items"]
        assert isinstance(left, Sequence)
        if left.items:
            item = left.items.pop(0)
            if source.kind == "cycle":
                left.items.append(item)
            return item
        if left.exact and len(args) > 1:
            return args[1]
    if isinstance(source, Sequence) and source.items:
        return source.items.pop(0) if source.once and source.exact else source.items[0]
    if isinstance(source, Sequence) and source.once and source.exact and len(args) > 1:
        return args[1]
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


def _map(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """What is mapped is run when its item is asked for: between two of them a loop may step."""
    if len(args) < 2:
        return machine.unknown("map")
    function, rows = args[0], _zip(machine, args[1:], {}, site)
    if isinstance(function, Library) and isinstance(rows, Sequence):
        return Sequence([_of_row(machine, function, row, site) for row in rows.items], exact=rows.exact)

    def produce(consume: Callable[[Value], Value]) -> None:
        def one(row: Value) -> Value:
            return consume(_of_row(machine, function, row, site))

        if isinstance(rows, Generator):
            rows.run(one)
            made.exact = rows.exact
            return
        found, made.exact = elements(machine, rows, site)
        for row in found:
            one(row)

    made = Generator(produce)
    return made


def _of_row(machine: Machine, function: Value, row: Value, site: Site | None) -> Value:
    return machine.call(machine, function, list(row.items) if isinstance(row, Sequence) else [row], {}, site)


def _zip(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    lazy = next((i for i, arg in enumerate(args) if isinstance(arg, Generator)), None)
    return zipped(machine, args, site) if lazy is None else _zip_lazily(machine, args, lazy, site)


def _zip_lazily(machine: Machine, args: Args, lazy: int, site: Site | None) -> Value:
    """Rows that are made as a generator's items come; what else is zipped with it is listed."""
    source = args[lazy]
    assert isinstance(source, Generator)

    def produce(consume: Callable[[Value], Value]) -> None:
        columns = [
            None if i == lazy else endless(machine, arg, _MOST_IN_STEP, exact=True) or elements(machine, arg, site)
            for i, arg in enumerate(args)
        ]
        lengths = [len(items) for items, sure in filter(None, columns) if sure]
        most = min(lengths, default=None)
        count = 0

        def one(item: Value) -> tuple[Value, bool]:
            nonlocal count
            row = [item if column is None else nth(machine, column[0], count, -1, column[1]) for column in columns]
            count += 1
            return consume(Sequence(row, "tuple")), most is not None and count >= most

        if most == 0:
            return
        stopped = source.run_until(one)
        made.exact = stopped or (source.exact and all(column is None or column[1] for column in columns))

    made = Generator(produce)
    return made


CALLS: dict[str, Handler] = {"iter": _iter, "next": _next, "map": taken_once(_map), "zip": taken_once(_zip)}
