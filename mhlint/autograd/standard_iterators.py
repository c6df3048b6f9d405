"""`itertools`: which items its iterators give; what they run, they run when an item is asked for."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable

from mhlint.autograd.arithmetic import arithmetic
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import Generator, elements, taken_once
from mhlint.autograd.machine import Machine
from mhlint.autograd.tensors import site_of
from mhlint.autograd.values import NONE, Const, Object, Range, Sequence, Value, is_none, tensors_in
from mhlint.syntax.program import Site

_MOST_ITEMS = 64
_MOST_OF_PRODUCT = 24


def _tuple(items: Iterable[Value]) -> Sequence:
    return Sequence(list(items), "tuple")


def _accumulate(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0] if args else NONE, site)
    function = args[1] if len(args) > 1 else keywords.get("func", NONE)
    initial = keywords.get("initial", NONE)
    sums: list[Value] = [] if is_none(initial) else [initial]
    for item in items:
        if not sums:
            sums.append(item)
        elif is_none(function):
            sums.append(arithmetic(machine, sums[-1], ast.Add, item, site_of(machine, site)))
        else:
            sums.append(machine.call(machine, function, [sums[-1], item], {}, site))
    return Sequence(sums, exact=exact)


def _product(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    columns = [elements(machine, arg, site) for arg in args]
    repeat = keywords.get("repeat", Const(1))
    if not isinstance(repeat, Const) or not isinstance(repeat.value, int):
        return machine.unknown("product")
    columns *= repeat.value
    rows = list(itertools.islice(itertools.product(*(items for items, _ in columns)), _MOST_ITEMS + 1))
    exact = all(sure for _, sure in columns) and len(rows) <= _MOST_ITEMS
    return Sequence([_tuple(row) for row in (rows if exact else rows[:_MOST_OF_PRODUCT])], exact=exact)


def _chosen(pick: Callable[[list[Value], int], Iterable[tuple[Value, ...]]]) -> Handler:
    """Combinations and the like: of items that are all known, and few."""

    def call(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        items, exact = elements(machine, args[0] if args else NONE, site)
        count = args[1] if len(args) > 1 else keywords.get("r", Const(len(items)))
        if not exact or not isinstance(count, Const) or not isinstance(count.value, int):
            return machine.unknown("combinations")
        rows = list(itertools.islice(pick(items, count.value), _MOST_ITEMS + 1))
        return Sequence([_tuple(row) for row in rows[:_MOST_ITEMS]], exact=len(rows) <= _MOST_ITEMS)

    return call


def _pairwise(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0] if args else NONE, site)
    if not exact:
        return machine.unknown("pairwise")
    return Sequence([_tuple(pair) for pair in itertools.pairwise(items)])


def _cycle(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    items, exact = elements(machine, source, site)
    return Object("cycle", {"items": Sequence(items)}) if exact and items else source


def _repeat(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    item = args[0] if args else NONE
    times = args[1] if len(args) > 1 else keywords.get("times")
    if times is None:
        return Object("cycle", {"items": Sequence([item])})
    if isinstance(times, Const) and isinstance(times.value, int) and times.value <= _MOST_ITEMS:
        return Sequence([item] * times.value)
    return Sequence([item] * 3, exact=False)


def _count(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    start = args[0] if args else keywords.get("start", Const(0))
    step = args[1] if len(args) > 1 else keywords.get("step", Const(1))
    return Range(start, machine.unknown("end of count"), step)


def _islice(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    bounds = [arg.value for arg in args[1:] if isinstance(arg, Const)]
    if not all(isinstance(bound, (int, type(None))) for bound in bounds) or not 0 < len(bounds) == len(args) - 1:
        return machine.unknown("islice")
    cut = slice(*bounds)
    start, stop, step = cut.start or 0, cut.stop, cut.step or 1
    if isinstance(source, Generator):
        return _first_of(source, start, stop, step)
    if isinstance(source, Object) and source.kind == "cycle" and stop is not None:
        return Sequence([_next_of_cycle(source) for _ in range(min(stop, _MOST_ITEMS))][start:stop:step])
    items, exact = elements(machine, source, site)
    if exact:
        return Sequence(items[start:stop:step])
    # A loader has more than two batches: its first two are known, the rest is what it always is.
    return Sequence(items[start:stop] if stop is not None and stop <= 2 else items, exact=stop in (1, 2) and step == 1)


def _next_of_cycle(cycle: Object) -> Value:
    items = cycle.settings["items"]
    assert isinstance(items, Sequence)
    items.items.append(items.items.pop(0))
    return items.items[-1]


def _first_of(source: Generator, start: int, stop: int | None, step: int) -> Generator:
    """Some of a generator's items: it runs no further than the last of them."""

    def produce(consume: Callable[[Value], Value]) -> None:
        count = 0

        def one(item: Value) -> tuple[Value, bool]:
            nonlocal count
            wanted = count >= start and (count - start) % step == 0 and (stop is None or count < stop)
            count += 1
            return consume(item) if wanted else NONE, stop is not None and count >= stop

        if stop != 0 and source.run_until(one):
            # What was not asked for can still be had from the generator itself.
            source.spent, source.taken = False, source.taken + count

    return Generator(produce)


def _tee(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """Several iterators over the same items; a generator runs once, for the first of them."""
    source = args[0] if args else NONE
    copies = args[1] if len(args) > 1 else keywords.get("n", Const(2))
    count = copies.value if isinstance(copies, Const) and isinstance(copies.value, int) else 2
    if not isinstance(source, Generator):
        items, exact = elements(machine, source, site)
        return _tuple(Object("iterator", {"items": Sequence(list(items), exact=exact)}) for _ in range(count))
    kept: list[Value] = []

    def produce(consume: Callable[[Value], Value]) -> None:
        for item in list(kept):
            consume(item)

        def one(item: Value) -> Value:
            kept.append(item)
            return consume(item)

        source.run(one)

    return _tuple(Generator(produce) for _ in range(count))


def _starmap(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    function, rows = (args[0], args[1]) if len(args) > 1 else (NONE, NONE)

    def produce(consume: Callable[[Value], Value]) -> None:
        found, generator.exact = elements(machine, rows, site)
        for row in found:
            consume(machine.call(machine, function, elements(machine, row, site)[0], {}, site))

    generator = Generator(produce)
    return generator


def _zip_longest(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    columns = [elements(machine, arg, site) for arg in args]
    if not columns or not all(sure for _, sure in columns):
        return machine.unknown("zip_longest")
    filler = keywords.get("fillvalue", NONE)
    rows = itertools.zip_longest(*(items for items, _ in columns), fillvalue=filler)
    return Sequence([_tuple(row) for row in rows])


def _groupby(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """Runs of items with one key: known where all keys are."""
    items, exact = elements(machine, args[0] if args else NONE, site)
    by = args[1] if len(args) > 1 else keywords.get("key", NONE)
    keys = [item if is_none(by) else machine.call(machine, by, [item], {}, site) for item in items]
    if not exact or not all(isinstance(key, Const) for key in keys):
        return machine.unknown("groups", tuple(tensor for item in items for tensor in tensors_in(item)))
    rows = itertools.groupby(zip(keys, items, strict=True), key=lambda pair: pair[0])
    return Sequence([_tuple([key, Sequence([item for _, item in row])]) for key, row in rows])


def _chain(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if any(isinstance(arg, Generator) for arg in args):
        return _chained_lazily(machine, args, site)
    parts = [elements(machine, arg, site) for arg in args]
    return Sequence([item for items, _ in parts for item in items], exact=all(sure for _, sure in parts))


def _chained_lazily(machine: Machine, args: Args, site: Site | None) -> Generator:
    def produce(consume: Callable[[Value], Value]) -> None:
        exact = True
        for arg in args:
            if isinstance(arg, Generator):
                arg.run(consume)
                exact = exact and arg.exact
                continue
            items, sure = elements(machine, arg, site)
            exact = exact and sure
            for item in items:
                consume(item)
        generator.exact = exact

    generator = Generator(produce)
    return generator


_TAKEN_ONCE: dict[str, Handler] = {
    "chain": _chain, "accumulate": _accumulate, "product": _product, "combinations": _chosen(itertools.combinations),
    "chain.from_iterable": lambda m, a, k, s: _chain(m, elements(m, a[0], s)[0] if a else [], k, s),
    "pairwise": _pairwise, "permutations": _chosen(itertools.permutations), "repeat": _repeat, "islice": _islice,
    "starmap": _starmap, "zip_longest": _zip_longest, "groupby": _groupby,
}  # fmt: skip
CALLS: dict[str, Handler] = {
    **{f"itertools.{name}": taken_once(call) for name, call in _TAKEN_ONCE.items()},
    "itertools.cycle": _cycle, "itertools.count": _count, "itertools.tee": _tee,
}  # fmt: skip
