"""What iterating over a value gives: all its items where they are known, else the first, second and last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mhlint.autograd.enumerations import members
from mhlint.autograd.frames import ProgramRaises, StopProducing
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.shapes import set_shape
from mhlint.autograd.tensors import alias, make, part_of, view
from mhlint.autograd.values import (
    Const,
    Instance,
    Key,
    Mapping,
    Module,
    Object,
    Range,
    Sequence,
    Tensor,
    Unknown,
    Value,
    key_of,
)
from mhlint.syntax.program import Site

_MOST_ITEMS = 64
_TURNS = 3
_MOST_OF_CYCLE = 8
_MOST_ROWS = 24
_MOST_NUMBERS = 24


@dataclass(eq=False, slots=True, repr=False)
class Generator(Value):
    """A generator: `produce(consume)` runs it from its start, handing each item to `consume`.

    `taken` counts the items that `next` has had; `acts` is true if running it walks, steps or writes.
    """

    produce: Callable[[Callable[[Value], Value]], None]
    exact: bool = False
    taken: int = 0
    spent: bool = False
    acts: bool = False

    def run(self, consume: Callable[[Value], Value]) -> None:
        """Hand over what `next` has not taken yet; a second run gives nothing, as in Python."""
        if self.spent:
            return
        self.spent = True
        skipped = 0

        def hand_over(item: Value) -> Value:
            nonlocal skipped
            if skipped < self.taken:
                skipped += 1
                return Const(None)
            return consume(item)

        self.produce(hand_over)

    def run_until(self, consume: Callable[[Value], tuple[Value, bool]]) -> bool:
        """Run until `consume` has had enough, as it says beside what it sends back; whether it had."""
        enough = False

        def one(item: Value) -> Value:
            nonlocal enough
            sent, enough = consume(item)
            if enough:
                raise StopProducing
            return sent

        try:
            self.run(one)
        except StopProducing:
            if not enough:
                raise
        return enough


def taken_once(call: Handler) -> Handler:
    """A function whose items can be had only once."""

    def made(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        result = call(machine, args, keywords, site)
        if isinstance(result, Sequence):
            result.once = True
        return result

    return made


def elements(machine: Machine, value: Value, site: Site | None) -> tuple[list[Value], bool]:
    """The items of a value, and whether these are surely all and no others."""
    if isinstance(value, Sequence):
        found, sure = list(value.items), value.exact
        if value.once:
            value.items, value.exact = [], True
        return found, sure
    if isinstance(value, Mapping):
        if value.exact or value.items:
            return [Const(key) for key in value.items], value.exact
    if isinstance(value, Range):
        return range_items(machine, value)
    if isinstance(value, Const) and isinstance(value.value, (str, tuple, list)):
        return [Const(item) for item in list(value.value)[:_MOST_ITEMS]], len(value.value) <= _MOST_ITEMS
    if isinstance(value, Module):
        return list(value.children.values()), value.exact
    named = members(value)
    if named is not None:
        return named, True
    if isinstance(value, Generator):
        items = drain(machine, value)
        return items, value.exact
    if isinstance(value, Tensor):
        return _rows(machine, value, site)
    if isinstance(value, Object) and value.kind in ("iterator", "cycle"):
        return _left(machine, value, site)
    if isinstance(value, Object) and value.kind == "loader":
        return _as_many(value, machine.batches(machine, value, site))
    if isinstance(value, Instance):
        method = machine.member(machine, value, "__iter__")
        made = machine.call(machine, method, [], {}, site) if method is not None else value
        following = machine.member(machine, made, "__next__") if isinstance(made, Instance) else None
        if following is not None:
            return _following(machine, following, site), False
        if method is not None and made is not value:
            return elements(machine, made, site)
        base = value.attributes.get("<base>")
        if isinstance(base, Module) and method is None:
            return elements(machine, base, site)
    return _as_many(value, _unknown_items(machine, value))


def _as_many(value: Value, items: list[Value]) -> tuple[list[Value], bool]:
    """The first, second and last item: fewer where it is known that there are no three."""
    length = value.length if isinstance(value, Unknown) else None
    if isinstance(value, Object):
        known = value.settings.get("length")
        length = known.value if isinstance(known, Const) and isinstance(known.value, int) else None
    if length is None or length > _TURNS:
        return items, False
    return items[:length], True


def _left(machine: Machine, iterator: Object, site: Site | None) -> tuple[list[Value], bool]:
    """What an iterator has not given yet, which it gives once; two rounds of one that goes round for ever."""
    left = iterator.settings.get("items")
    if not isinstance(left, Sequence):
        return elements(machine, iterator.settings["source"], site)
    if iterator.kind == "cycle":
        return [left.items[i % len(left.items)] for i in range(min(2 * len(left.items), _MOST_OF_CYCLE))], False
    items, left.items = left.items, []
    return items, left.exact


def _following(machine: Machine, method: Value, site: Site | None) -> list[Value]:
    """What an iterator of the program's own gives: three items, or as many as it has."""
    items: list[Value] = []
    try:
        while len(items) < 3:
            items.append(machine.call(machine, method, [], {}, site))
    except ProgramRaises as error:
        if error.kind != "StopIteration":
            raise
    return items


def uncertain(machine: Machine, item: Value, question: Key) -> Value:
    """An item of which it is not known whether it is taken: a walk over its graph is likely at most.

    Taken under one question and under another, it may be taken only once: the others may be its negation.
    """
    if isinstance(item, Tensor) and item.node is not None:
        first = machine.picked_by.setdefault(item, question)
        edges = Level.LIKELY if first == question else Level.MAYBE
        made = make(machine, "item", [item], Level.NO, None, edges=edges, elements=item.elements)
        made.shape, made.name = item.shape, item.name
        machine.picked_from[made] = item
        return made
    if isinstance(item, Sequence) and item.kind == "tuple":
        return Sequence([uncertain(machine, part, question) for part in item.items], "tuple", item.exact, item.fields)
    return item


def drain(machine: Machine, generator: Generator, most: int = _MOST_ITEMS) -> list[Value]:
    """Run a generator to its end (at `most` items) and collect what it yields."""
    items: list[Value] = []

    def consume(item: Value) -> Value:
        items.append(item)
        if len(items) >= most:
            raise StopProducing
        return machine.unknown("sent")

    try:
        generator.run(consume)
    except StopProducing:
        if len(items) < most:
            raise
    return items


def range_items(machine: Machine, value: Range) -> tuple[list[Value], bool]:
    bounds = (value.start, value.stop, value.step)
    if all(isinstance(bound, Const) and isinstance(bound.value, int) for bound in bounds):
        start, stop, step = (bound.value for bound in bounds if isinstance(bound, Const))
        numbers = range(start, stop, step or 1)
        if len(numbers) <= 4:
            return [Const(number) for number in numbers], True
        second = _second_index(machine, numbers[1], numbers[-2])
        second.within = ("const", "int", stop)
        return [Const(numbers[0]), second, Const(numbers[-1])], False
    first = value.start
    second = _second_index(machine, None, None)
    last = machine.unknown("last index")
    if value.step != Const(1):
        second.position = None
    elif value.start == Const(0) and isinstance(value.stop, Unknown):
        second.at_least = 1
        second.within = value.stop.base if value.stop.base is not None and value.stop.offset == 0 else value.stop.key
        base = value.stop.base if value.stop.base is not None else value.stop.key
        offset = value.stop.offset - 1
        last = Unknown(number_key(base, offset), "last index", base=base, offset=offset, at_least=2, position=-1)
        if value.stop.at_least is None or value.stop.at_least < _TURNS:
            value.stop.at_least = _TURNS
        machine.is_at_least(base, _TURNS - value.stop.offset)
    elif isinstance(value.start, Const) and isinstance(value.start.value, int):
        second.at_least = last.at_least = value.start.value + 1
    last.position = -1
    return [first, second, last], False


def numbers_of(value: Range) -> list[Value] | None:
    """All numbers of a range, where they are known and few."""
    numbers = known_range(value)
    return [Const(number) for number in numbers] if numbers and len(numbers) <= _MOST_NUMBERS else None


def known_range(value: Range) -> range | None:
    """Python's own range, where all bounds are known."""
    bounds = [getattr(bound, "value", None) for bound in (value.start, value.stop, value.step)]
    known = [bound for bound in bounds if isinstance(bound, int)]
    return range(*known) if len(known) == 3 and known[2] else None


def _second_index(machine: Machine, least: int | None, most: int | None) -> Unknown:
    second = machine.unknown("later index")
    second.at_least, second.at_most, second.position = least, most, 1
    return second


def number_key(base: Key, offset: int) -> Key:
    """The key of `base + offset`."""
    return base if offset == 0 else ("+", base, offset)


def _rows(machine: Machine, tensor: Tensor, site: Site | None) -> tuple[list[Value], bool]:
    if tensor.unseen_call:
        return [part_of(machine, tensor, index, site) for index in (0, 1, -1)], False
    first = view(machine, tensor, "unbind", site)
    known = tensor.shape[0] if tensor.shape else None
    few = known is not None and 0 < known <= _MOST_ROWS
    rows: list[Value] = [first, *(alias(first) for _ in range((known if few and known else 3) - 1))]
    for row in rows:
        if isinstance(row, Tensor) and tensor.shape:
            set_shape(row, tensor.shape[1:])
    return rows, few


def _unknown_items(machine: Machine, value: Value) -> list[Value]:
    label = getattr(value, "label", "")
    deps = value.deps if isinstance(value, Unknown) else ()
    module = value.module if isinstance(value, Unknown) else Level.NO
    items: list[Value] = []
    for position in (0, 1, -1):
        item = machine.derived("element", (key_of(value), position, machine.next_serial()), f"{label}[...]", deps)
        if module:
            item = machine.derived("element", (key_of(value), position), f"{label}[...]", deps)
        item.module = module
        item.data = isinstance(value, Unknown) and value.data
        item.computed = isinstance(value, Unknown) and value.computed
        items.append(item)
    if module and isinstance(value, Unknown):
        places = ("[first]", "[second]", "[last]")
        return [value.attributes.setdefault(place, item) for place, item in zip(places, items, strict=True)]
    return items
