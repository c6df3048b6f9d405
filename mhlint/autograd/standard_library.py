"""Calls of Python's standard library."""

from __future__ import annotations

from mhlint.autograd.copying import deep_copy, shallow_copy
from mhlint.autograd.frames import ProgramExits
from mhlint.autograd.handlers import Args, Handler, Keywords
from mhlint.autograd.iteration import elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    NONE,
    ClassValue,
    Const,
    Mapping,
    Object,
    Partial,
    Sequence,
    Value,
    is_none,
)
from mhlint.syntax.program import Site


def _partial(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return Partial(args[0], tuple(args[1:]), tuple(keywords.items())) if args else machine.unknown("partial")


def _reduce(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    items, _ = elements(machine, args[1], site) if len(args) > 1 else ([], True)
    total = args[2] if len(args) > 2 else items.pop(0) if items else NONE
    for item in items:
        total = machine.call(machine, args[0], [total, item], {}, site)
    return total


def _chain(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    parts = [elements(machine, arg, site) for arg in args]
    return Sequence([item for items, _ in parts for item in items], exact=all(sure for _, sure in parts))


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


def _no_effect(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    return machine.unknown("value")


CALLS: dict[str, Handler] = {
    "functools.partial": _partial, "functools.reduce": _reduce, "functools.wraps": _no_effect,
    "itertools.chain": _chain,
    "itertools.chain.from_iterable": lambda m, a, k, s: _chain(m, elements(m, a[0], s)[0] if a else [], k, s),
    "copy.deepcopy": _deepcopy, "copy.copy": _copy,
    "collections.defaultdict": _defaultdict, "collections.deque": _deque, "collections.namedtuple": _namedtuple,
    "dataclasses.field": _dataclass_field, "types.SimpleNamespace": lambda m, a, k, s: Object("namespace", {}, dict(k)),
    "typing.cast": lambda m, a, k, s: a[1] if len(a) > 1 else NONE,
    "contextlib.ExitStack": lambda *_: Object("exit stack"), "sys.exit": _exit, "os._exit": _exit,
}  # fmt: skip
