"""Python's own functions over items: those that count, pair, pick and fold what a loop would turn over."""

from __future__ import annotations

from collections.abc import Callable

from mhlint.autograd.computing import NotPlain, plain
from mhlint.autograd.enumerations import members
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import Generator, elements, number_key, numbers_of, taken_once
from mhlint.autograd.library_bases import base_of
from mhlint.autograd.machine import Machine
from mhlint.autograd.special_methods import special
from mhlint.autograd.values import (
    FALSE,
    NONE,
    Const,
    Mapping,
    Module,
    Object,
    Range,
    Sequence,
    Tensor,
    Unknown,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

_TURNS_OF_ENDLESS = 8


def _len(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if args else NONE
    if isinstance(value, Sequence):
        machine.measured.add(value)
        if value.exact:
            return Const(len(value.items))
    if isinstance(value, Mapping) and value.exact:
        return Const(len(value.items))
    if isinstance(value, Module) and value.exact:
        return Const(len(value.children))
    if isinstance(value, Const) and isinstance(value.value, (str, tuple)):
        return Const(len(value.value))
    if isinstance(value, Unknown) and value.length is not None:
        return Const(value.length)
    own = special(machine, value, "len", [], site)
    if own is not None:
        return own
    named = members(value)
    if named is not None:
        return Const(len(named))
    base = base_of(value)
    if base is not None and base.exact:
        return Const(len(base.children))
    return machine.derived("len", (key_of(value),), f"len({getattr(value, 'label', '...')})")


def _range(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) == 1:
        return Range(Const(0), args[0], Const(1))
    return Range(args[0], args[1], args[2] if len(args) > 2 else Const(1)) if args else machine.unknown("range")


def _enumerate(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    source = args[0] if args else NONE
    start = args[1] if len(args) > 1 else keywords.get("start", Const(0))
    first = start.value if isinstance(start, Const) and isinstance(start.value, int) else None
    if isinstance(source, Generator):

        def produce(consume: Callable[[Value], Value]) -> None:
            count = 0

            def one(item: Value) -> Value:
                nonlocal count
                index: Value = Const(first + count) if first is not None else machine.unknown("index")
                count += 1
                return consume(Sequence([index, item], "tuple"))

            source.run(one)
            made.exact = source.exact

        made = Generator(produce)
        return made
    items, exact = elements(machine, source, site)
    indices = _indices(machine, source, items, first, exact)
    pairs: list[Value] = [Sequence([index, item], "tuple") for index, item in zip(indices, items, strict=True)]
    return Sequence(pairs, exact=exact)


def _indices(machine: Machine, source: Value, items: Args, first: int | None, exact: bool) -> Args:
    if first is None:
        return [machine.unknown("index") for _ in items]
    if exact:
        return [Const(first + position) for position in range(len(items))]
    length = _len(machine, [source], {}, site=None)
    base = length.key if isinstance(length, Unknown) else None
    if base is not None:
        machine.is_at_least(base, len(items))
    indices: Args = []
    for position in range(len(items)):
        if position == 0:
            indices.append(Const(first))
            continue
        index = machine.unknown("later index")
        index.at_least = first + position
        if position == 1:
            index.position = 1
            index.within = base if first == 0 else None
        elif base is None:
            index.position = -1
        else:
            index = Unknown(number_key(base, first - 1), "last index", base=base, offset=first - 1)
            index.at_least, index.position = first + 2, -1
        indices.append(index)
    return indices


def zipped(machine: Machine, args: Args, site: Site | None) -> Sequence:
    """The rows of `zip` over columns that can be listed; one that goes round is as long as the others."""
    listed = [None if _goes_round(arg) else _listed(machine, arg, site) for arg in args]
    known = min((len(items) for items, sure in filter(None, listed) if sure), default=None)
    least = min((len(items) for items, _ in filter(None, listed)), default=_TURNS_OF_ENDLESS)
    columns: list[tuple[Args, bool]] = []
    for arg, column in zip(args, listed, strict=True):
        stretched = None
        if column is None or (known is not None and not column[1]):
            stretched = endless(machine, arg, known if known is not None else least, exact=known is not None)
        columns.append(stretched or column or ([], False))
    if not columns:
        return Sequence([])
    if known is not None:
        # The known length decides how often the loop turns; what is not known has items enough.
        rows = [[nth(machine, items, i, known, sure) for items, sure in columns] for i in range(known)]
    else:
        rows = [[items[i] for items, _ in columns] for i in range(least)]
    return Sequence([Sequence(row, "tuple") for row in rows], exact=known is not None)


def _listed(machine: Machine, value: Value, site: Site | None) -> tuple[Args, bool]:
    numbers = numbers_of(value) if isinstance(value, Range) else None
    if numbers is not None:
        return numbers, True
    return elements(machine, value, site)


def _goes_round(value: Value) -> bool:
    return isinstance(value, Object) and value.kind == "cycle"


def endless(machine: Machine, value: Value, count: int, *, exact: bool) -> tuple[Args, bool] | None:
    """`count` items of `itertools.cycle` or of a range whose end is not known; None for anything else.

    Where turns are left out (not `exact`), the last item of a cycle is any of them.
    """
    if isinstance(value, Range):
        start, step = getattr(value.start, "value", None), getattr(value.step, "value", None)
        if exact and isinstance(value.stop, Unknown) and isinstance(start, int) and isinstance(step, int):
            return [Const(start + i * step) for i in range(count)], True
        return None
    if not isinstance(value, Object) or not _goes_round(value):
        return None
    held = value.settings["items"]
    assert isinstance(held, Sequence)
    found = [held.items[i % len(held.items)] for i in range(count)]
    if not exact and count == 3 and len(held.items) > 1:
        found[2] = machine.unknown("item", tuple(tensors_in(held)))
    return found, exact


def nth(machine: Machine, items: Args, index: int, count: int, sure: bool) -> Value:
    if sure or index < min(2, len(items)):
        return items[index]
    if index == count - 1 and items:
        return items[-1]
    sample = items[1] if len(items) > 1 else NONE
    if isinstance(sample, Unknown):
        made = machine.derived("nth", (key_of(sample), index), sample.label, sample.deps)
        made.module = sample.module
        return made
    return sample


def _list(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if not args:
        return Sequence([])
    items, exact = elements(machine, args[0], site)
    return Sequence(items, exact=exact)


def _tuple(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    made = _list(machine, args, keywords, site)
    assert isinstance(made, Sequence)
    made.kind = "tuple"
    return made


def _set(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    made = _list(machine, args, keywords, site)
    assert isinstance(made, Sequence)
    return as_set(made.items, made.exact)


def as_set(items: Args, exact: bool) -> Sequence:
    """A set of these items: each once."""
    return Sequence(list({key_of(item): item for item in items}.values()), "set", exact)


def _sorted(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """The same items in an order that is not known, so that none of them is at a known place."""
    made = _list(machine, args, keywords, site)
    assert isinstance(made, Sequence)
    return in_order(machine, made, keywords, site)


def in_order(machine: Machine, made: Sequence, keywords: Keywords, site: Site | None) -> Sequence:
    """What sorting makes of items: known where all that is compared is plain data."""
    downwards = keywords.get("reverse", FALSE)
    by = keywords.get("key", NONE)
    if made.exact and isinstance(downwards, Const):
        ranks = [item if by == NONE else machine.call(machine, by, [item], {}, site) for item in made.items]
        try:
            known = [plain(rank) for rank in ranks]
            places = sorted(range(len(known)), key=known.__getitem__, reverse=bool(downwards.value))
            return Sequence([made.items[place] for place in places])
        except (NotPlain, TypeError):
            pass
    if made.exact and isinstance(downwards, Const) and not keywords.keys() - {"reverse"}:
        names = [item.items[0] for item in made.items if isinstance(item, Sequence) and item.items]
        texts = [name.value for name in names if isinstance(name, Const)]
        if len(texts) == len(made.items) == len(set(texts)) and len({type(name) for name in texts}) == 1:
            # Pairs of a name and a loss: no two names are alike, so that no loss is compared.
            order = sorted(range(len(texts)), key=lambda place: texts[place], reverse=bool(downwards.value))
            return Sequence([made.items[place] for place in order])
    return shuffled(machine, made)


def shuffled(machine: Machine, items: Sequence) -> Sequence:
    """A sequence whose order is not known: each item may be any of them."""
    held = tuple(tensors_in(items))
    if len(items.items) < 2 or not held:
        return items
    return Sequence([_any_of(machine, item, held) for item in items.items], items.kind, exact=False)


def _any_of(machine: Machine, item: Value, held: tuple[Tensor, ...]) -> Value:
    if isinstance(item, Sequence) and item.kind == "tuple":
        return Sequence([_any_of(machine, part, held) for part in item.items], "tuple", item.exact, item.fields)
    return machine.unknown("one of several", held) if tensors_in(item) else item


def _reversed(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0] if args else NONE, site)
    return Sequence(items[::-1], exact=exact)


def _dict(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    result = Mapping({})
    if args and isinstance(args[0], Mapping):
        result = Mapping(dict(args[0].items), args[0].exact)
    elif args:
        items, result.exact = elements(machine, args[0], site)
        for item in items:
            if isinstance(item, Sequence) and len(item.items) == 2 and isinstance(item.items[0], Const):
                result.items[item.items[0].value] = item.items[1]
    result.items.update(keywords)
    return result


def _from_keys(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`dict.fromkeys`: one value under each key."""
    items, exact = elements(machine, args[0] if args else NONE, site)
    value = args[1] if len(args) > 1 else NONE
    if not all(isinstance(item, Const) for item in items):
        return machine.unknown("dict", tuple(tensors_in(value)))
    return Mapping({item.value: value for item in items if isinstance(item, Const)}, exact)


CALLS: dict[str, Handler] = {
    "len": _len, "range": _range, "enumerate": taken_once(_enumerate), "list": _list, "tuple": _tuple,
    "set": _set, "frozenset": _set, "sorted": _sorted, "reversed": taken_once(_reversed), "dict": _dict,
    "dict.fromkeys": _from_keys,
}  # fmt: skip
