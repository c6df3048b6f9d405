"""Calls of Python's standard library."""

from __future__ import annotations

import re

from mhlint.autograd.builtin_items import shuffled
from mhlint.autograd.copying import deep_copy, shallow_copy
from mhlint.autograd.frames import ProgramExits
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import elements, uncertain
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    NONE,
    ClassValue,
    Const,
    Instance,
    Key,
    Mapping,
    Native,
    Object,
    Partial,
    Sequence,
    Value,
    is_none,
    tensors_in,
)
from mhlint.syntax.program import Site

_FEW = 3


def _partial(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Partial(args[0], tuple(args[1:]), tuple(keywords.items())) if args else machine.unknown("partial")


def _reduce(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, _ = elements(machine, args[1], site) if len(args) > 1 else ([], True)
    total = args[2] if len(args) > 2 else items.pop(0) if items else NONE
    for item in items:
        total = machine.call(machine, args[0], [total, item], {}, site)
    return total


def _counter(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    counted: dict[Key, Value] = {}
    items, exact = elements(machine, args[0], site) if args and not isinstance(args[0], Mapping) else ([], not args)
    for item in items:
        if not isinstance(item, Const):
            return machine.unknown("Counter")
        before = counted.get(item.value, Const(0))
        counted[item.value] = Const(getattr(before, "value", 0) + 1)
    counted.update(keywords)
    return Mapping(counted, exact, default=Native("zero", lambda *_: Const(0)))


def _chain_map(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    made = Mapping({})
    for part in reversed(args):
        if not isinstance(part, Mapping):
            return machine.unknown("ChainMap")
        made.items.update(part.items)
        made.exact = made.exact and part.exact
    return made


def _any_of(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`random.choice` and `random.sample`: some of the items, none of them for certain."""
    return machine.unknown("random item", tuple(tensors_in(args[0])) if args else ())


def _sample(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`random.sample`: of many draws from one memory some are alike; of few drawn items perhaps none."""
    items, _ = elements(machine, args[0] if args else NONE, site)
    count = args[1] if len(args) > 1 else keywords.get("k", NONE)
    few = isinstance(count, Const) and isinstance(count.value, int) and count.value <= _FEW
    if few or not any(tensors_in(item) for item in items):
        drawn = machine.unknown("random items", tuple(tensors_in(args[0])) if args else ())
        drawn.length = count.value if isinstance(count, Const) and isinstance(count.value, int) else None
        return drawn
    return Sequence([uncertain(machine, item, "drawn") for item in items], exact=False)


def _shuffle(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if args and isinstance(args[0], Sequence):
        machine.effects += 1
        mixed = shuffled(machine, args[0])
        args[0].items[:], args[0].exact = mixed.items, mixed.exact
    return NONE


def _copy(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return shallow_copy(args[0]) if args else NONE


def _deepcopy(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return deep_copy(machine, args[0], site) if args else NONE


def _exit(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    raise ProgramExits


def _defaultdict(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Mapping({}, default=args[0] if args and not isinstance(args[0], Const) else None)


def _deque(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, exact = elements(machine, args[0], site) if args else ([], True)
    bound = keywords.get("maxlen", args[1] if len(args) > 1 else NONE)
    most = bound.value if isinstance(bound, Const) and isinstance(bound.value, int) else None
    kept = items if most is None or not exact else items[len(items) - min(most, len(items)) :]
    return Sequence(kept, "list" if is_none(bound) else "deque", exact, most=most)


def _namedtuple(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    import ast

    names: tuple[str, ...] = ()
    if len(args) > 1 and isinstance(args[1], Const) and isinstance(args[1].value, str):
        names = tuple(args[1].value.replace(",", " ").split())
    elif len(args) > 1 and isinstance(args[1], Sequence):
        names = tuple(str(item.value) for item in args[1].items if isinstance(item, Const))
    assert site is not None
    made = ClassValue(ast.ClassDef("record", [], [], [], []), site.program, ())
    made.record, made.record_fields = "tuple", names
    return made


def _dataclass_field(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    if "default_factory" in keywords:
        return Mapping({"default_factory": keywords["default_factory"]})
    return keywords.get("default", machine.unknown("field"))


def _replaced(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`dataclasses.replace`: the same object but for some fields."""
    if not args or not isinstance(args[0], Instance):
        return machine.unknown("replaced")
    made = shallow_copy(args[0])
    assert isinstance(made, Instance)
    made.attributes.update(keywords)
    return made


def _record_fields(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    cls = args[0].cls if args and isinstance(args[0], Instance) else args[0] if args else None
    if not isinstance(cls, ClassValue) or cls.record != "data":
        return machine.unknown("fields")
    return Sequence([Object("field", {}, {"name": Const(name)}) for name in cls.record_fields], "tuple")


def _record_items(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`dataclasses.asdict`; a tensor that is no leaf cannot be copied, so that only its place matters."""
    if not args or not isinstance(args[0], Instance) or args[0].cls.record != "data":
        return machine.unknown("items")
    held = args[0].attributes
    return Mapping({name: held[name] for name in args[0].cls.record_fields if name in held})


def _of_environment(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`os.environ.get`: what the program has stored there, else what is not known."""
    if args and isinstance(args[0], Const) and args[0].value in machine.environment:
        return machine.environment[args[0].value]
    return machine.unknown("environ")


def _matching(name: str) -> Handler:
    """`re.match` and its like: None, or something that is there, where pattern and text are known."""

    def call(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
        known = [arg.value for arg in args if isinstance(arg, Const) and isinstance(arg.value, str)]
        found = machine.unknown("match")
        if len(known) != len(args) or len(known) != 2 or keywords:
            return found
        try:
            found.computed, found.at_least = True, 1
            return found if getattr(re, name)(*known) else NONE
        except re.error:
            return machine.unknown("match")

    return call


def _no_effect(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return machine.unknown("value")


CALLS: dict[str, Handler] = {
    "functools.partial": _partial, "functools.reduce": _reduce, "functools.wraps": _no_effect,
    "copy.deepcopy": _deepcopy, "copy.copy": _copy,
    "collections.defaultdict": _defaultdict, "collections.deque": _deque, "collections.namedtuple": _namedtuple,
    "collections.ChainMap": _chain_map, "collections.Counter": _counter,
    "random.choice": _any_of, "random.sample": _sample, "random.choices": _any_of,
    "random.shuffle": _shuffle, "dataclasses.replace": _replaced, "dataclasses.fields": _record_fields,
    "dataclasses.asdict": _record_items, "numpy.random.shuffle": _shuffle,
    "dataclasses.field": _dataclass_field, "types.SimpleNamespace": lambda m, a, k, s: Object("namespace", {}, dict(k)),
    **{f"re.{name}": _matching(name) for name in ("match", "search", "fullmatch")},
    "os.environ.get": _of_environment, "os.getenv": _of_environment,
    "typing.cast": lambda m, a, k, s: a[1] if len(a) > 1 else NONE,
    "contextlib.ExitStack": lambda *_: Object("exit stack"), "sys.exit": _exit, "os._exit": _exit,
}  # fmt: skip
