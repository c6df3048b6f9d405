"""Python's own names: which exist without an import, and the calls of them that the machine computes."""

from __future__ import annotations

import ast
import builtins
from collections import namedtuple
from collections.abc import Callable

from mhlint.autograd import tensors
from mhlint.autograd.arithmetic import arithmetic
from mhlint.autograd.computing import compute
from mhlint.autograd.conditions import truth_of
from mhlint.autograd.iteration import Generator, drain, elements, number_key, uncertain
from mhlint.autograd.machine import Machine
from mhlint.autograd.trace import Backward, Step, Write, ZeroGrad
from mhlint.autograd.values import (
    FALSE,
    NONE,
    TRUE,
    Bound,
    ClassValue,
    Const,
    Function,
    Instance,
    Library,
    Mapping,
    Module,
    Object,
    Partial,
    Range,
    Sequence,
    Tensor,
    Unknown,
    Value,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

Args = list[Value]
Keywords = dict[str, Value]
_KNOWN = frozenset(dir(builtins))
_MOST_TAKEN = 8


def builtin(name: str) -> Value | None:
    """The value of a name that is Python's own."""
    return Library(f"builtins.{name}") if name in _KNOWN else None


def call_builtin(machine: Machine, name: str, args: Args, keywords: Keywords, site: Site | None) -> Value | None:
    """The result of a call of one of Python's own functions; None for those that are not modelled."""
    known = compute(name, args, keywords)
    if known is not None:
        return known
    handler = _CALLS.get(name)
    return None if handler is None else handler(machine, args, keywords, site)


def _len(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if args else NONE
    if isinstance(value, Sequence) and value.exact:
        return Const(len(value.items))
    if isinstance(value, Mapping) and value.exact:
        return Const(len(value.items))
    if isinstance(value, Module) and value.exact:
        return Const(len(value.children))
    if isinstance(value, Const) and isinstance(value.value, (str, tuple)):
        return Const(len(value.value))
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

        return Generator(produce)
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


def _zip(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    columns = [elements(machine, arg, site) for arg in args]
    if not columns:
        return Sequence([])
    exact = all(sure for _, sure in columns)
    if exact:
        count = min(len(items) for items, _ in columns)
        rows = [[items[i] for items, _ in columns] for i in range(count)]
        return Sequence([Sequence(row, "tuple") for row in rows])
    count = min(len(items) for items, _ in columns)
    known = [len(items) for items, sure in columns if sure]
    if known:
        # The known length decides how often the loop turns; what is not known has items enough.
        count = min(known)
        return Sequence(
            [Sequence([_nth(machine, items, i, count, sure) for items, sure in columns], "tuple") for i in range(count)]
        )
    return Sequence([Sequence([items[i] for items, _ in columns], "tuple") for i in range(count)], exact=False)


def _nth(machine: Machine, items: Args, index: int, count: int, sure: bool) -> Value:
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


def _sum(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, _ = elements(machine, args[0] if args else NONE, site)
    total: Value = args[1] if len(args) > 1 else keywords.get("start", Const(0))
    where = tensors.site_of(machine, site)
    for item in items:
        total = arithmetic(machine, total, ast.Add, item, where)
    return total


def _isinstance(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) != 2:
        return machine.unknown("isinstance")
    value, kind = args
    kinds = kind.items if isinstance(kind, Sequence) else [kind]
    names = [item.name for item in kinds if isinstance(item, Library)]
    answers = [_is_a(value, item) for item in kinds]
    if True in answers:
        return TRUE
    if None not in answers and answers:
        return FALSE
    return machine.derived("isinstance", (value, tuple(names)), f"isinstance({getattr(value, 'label', '...')}, ...)")


_A_RECORD = namedtuple("_A_RECORD", ())()
_CONTAINERS = {"list": "list", "tuple": "tuple", "set": "set"}


def _is_a(value: Value, kind: Value) -> bool | None:
    if isinstance(value, Unknown) or (isinstance(value, Tensor) and value.unseen_call):
        return None
    if isinstance(kind, ClassValue):
        if isinstance(value, Sequence) and value.fields:
            return kind.record == "tuple" and value.fields == kind.record_fields
        if isinstance(value, Instance):
            return kind in value.cls.order() or (None if value.cls.has_unseen_base() else False)
        return False
    if not isinstance(kind, Library):
        return None
    name = kind.name.rpartition(".")[2]
    if isinstance(value, Tensor):
        return True if name == "Tensor" else None if "Tensor" in name or name in ("Parameter", "Variable") else False
    if isinstance(value, Sequence):
        if name not in ("list", "tuple", "set", "dict", "Tensor", "str"):
            return None
        # A bounded deque is no list; one without a bound is kept as if it were a list.
        return value.kind == _CONTAINERS.get(name)
    if isinstance(value, Mapping):
        return name in ("dict", "Mapping") if name in ("dict", "list", "tuple", "Tensor", "Mapping") else None
    if isinstance(value, Const) and name in (
        "int",
        "float",
        "str",
        "bool",
        "list",
        "tuple",
        "dict",
        "Tensor",
    ):
        return type(value.value).__name__ == name or (name == "int" and isinstance(value.value, bool))
    if isinstance(value, Instance):
        bases = value.cls.library_bases()
        return True if kind.name in bases else None if value.cls.has_unseen_base() or bases else False
    if isinstance(value, Module):
        return name in (value.kind, "Module") or (False if name[:1].isupper() else None)
    return None


def _getattr(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    from mhlint.autograd import attributes

    if len(args) < 2:
        return machine.unknown("getattr")
    owner, name = args[0], args[1]
    if isinstance(name, Const) and isinstance(name.value, str):
        if len(args) > 2 and attributes.surely_lacks(machine, owner, name.value):
            return args[2]
        return attributes.load(machine, owner, name.value, site)
    deps = tuple(t for v in getattr(owner, "attributes", {}).values() for t in tensors_in(v))
    return machine.derived("getattr", (owner, name), "getattr", deps)


def _setattr(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    from mhlint.autograd import attributes

    if len(args) == 3 and isinstance(args[1], Const):
        attributes.store(machine, args[0], str(args[1].value), args[2], tensors.site_of(machine, site))
    elif len(args) == 3:
        machine.effects += 1
    return NONE


def _hasattr(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) == 2 and isinstance(args[0], Instance) and isinstance(args[1], Const):
        if args[1].value in args[0].attributes or machine.member(machine, args[0], str(args[1].value)) is not None:
            return TRUE
        if not args[0].cls.has_unseen_base() and not args[0].cls.library_bases():
            return FALSE
    if len(args) == 2 and isinstance(args[0], Sequence) and args[0].fields and isinstance(args[1], Const):
        return TRUE if args[1].value in args[0].fields or hasattr(_A_RECORD, str(args[1].value)) else FALSE
    parts = tuple(key_of(arg) for arg in args)
    return machine.derived("hasattr", parts, "hasattr(...)")


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


def _str(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    known = len(args) == 1 and isinstance(args[0], Const) and isinstance(args[0].value, (str, int, bool, type(None)))
    return Const(str(args[0].value)) if known else machine.unknown("text")  # type: ignore[attr-defined]


def _bool(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if args else FALSE
    known = truth_of(machine, value)
    return machine.derived("bool", (value,), "bool") if known is None else Const(known)


def _all(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0] if args else NONE, site)
    known = [truth_of(machine, item) for item in items]
    if False in known:
        return FALSE
    return TRUE if exact and None not in known else _asked(machine, "all", items, exact)


def _any(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0] if args else NONE, site)
    known = [truth_of(machine, item) for item in items]
    if True in known:
        return TRUE
    return FALSE if exact and None not in known else _asked(machine, "any", items, exact)


def _asked(machine: Machine, name: str, items: list[Value], exact: bool) -> Value:
    """An answer that is not known, the same for the same items where these are all there are."""
    if not exact:
        return machine.unknown(f"{name}(...)")
    return machine.derived(name, tuple(key_of(item) for item in items), f"{name}(...)")


def _map(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) < 2:
        return machine.unknown("map")
    function, rows = args[0], _zip(machine, args[1:], {}, site)
    assert isinstance(rows, Sequence)
    results = [machine.call(machine, function, row.items, {}, site) for row in rows.items if isinstance(row, Sequence)]
    return Sequence(results, exact=rows.exact)


def _filter(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if len(args) < 2:
        return machine.unknown("filter")
    items, exact = elements(machine, args[1], site)
    kept: Args = []
    for item in items:
        verdict = item if args[0] == NONE else machine.call(machine, args[0], [item], {}, site)
        known = truth_of(machine, verdict)
        exact = exact and known is not None
        if known is not False:
            kept.append(uncertain(machine, item) if known is None else item)
    return Sequence(kept, exact=exact)


def _min(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return _extreme(machine, args, site, min)


def _max(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return _extreme(machine, args, site, max)


def _extreme(machine: Machine, args: Args, site: Site | None, pick: Callable[[list[float]], float]) -> Value:
    items, exact = (args, True) if len(args) > 1 else elements(machine, args[0], site) if args else ([], False)
    if len(items) == 1 and exact:
        return items[0]
    numbers = [item.value for item in items if isinstance(item, Const) and isinstance(item.value, (int, float))]
    if numbers and len(numbers) == len(items) and len(args) > 1:
        return Const(pick(numbers))
    deps = tuple(tensor for item in items for tensor in tensors_in(item))
    if deps:
        # One of them: which is not known, and the maximum of tensors is one of the tensors itself.
        return machine.unknown("one of several", deps)
    return machine.derived("extreme", tuple(items), "min or max")


def _number(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if args else Const(0)
    if isinstance(value, Unknown) and not value.deps:
        return value
    return machine.derived("number", (key_of(value), machine.next_serial()), "number")


def _type(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    value = args[0] if len(args) == 1 else NONE
    if isinstance(value, Instance):
        return value.cls
    if isinstance(value, Tensor) and not value.unseen_call:
        return Library("torch.Tensor")
    if isinstance(value, Sequence) and not value.fields and value.kind == "tuple":
        return Library(f"builtins.{value.kind}")
    if isinstance(value, Module):
        return Library(f"torch.nn.{value.kind}")
    return machine.derived("type", (key_of(value),), "type(...)")


def _callable(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    surely = len(args) == 1 and isinstance(args[0], (Function, Bound, Module, ClassValue, Partial))
    return TRUE if surely else machine.derived("callable", tuple(key_of(arg) for arg in args), "callable(...)")


def _not_used(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return machine.unknown("value")


_CALLS: dict[str, Callable[[Machine, Args, Keywords, Site | None], Value | None]] = {
    "len": _len, "range": _range, "enumerate": _enumerate, "zip": _zip, "list": _list, "tuple": _tuple,
    "set": _set, "frozenset": _set, "sorted": _sorted, "reversed": _reversed, "dict": _dict, "sum": _sum,
    "isinstance": _isinstance, "getattr": _getattr, "setattr": _setattr, "hasattr": _hasattr, "iter": _iter,
    "next": _next, "bool": _bool, "all": _all, "any": _any, "map": _map, "filter": _filter, "max": _max,
    "min": _min, "int": _number, "float": _number, "type": _type, "print": lambda *_: NONE,
    "str": _str, "repr": _not_used, "format": _not_used, "id": _not_used, "hash": _not_used,
    "open": _not_used, "input": _not_used, "round": _number, "vars": _not_used, "callable": _callable,
}  # fmt: skip
