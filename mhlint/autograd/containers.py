"""Methods of lists, dicts, strings and generators."""

from __future__ import annotations

from mhlint.autograd import subscripts, tensors
from mhlint.autograd.builtin_items import in_order
from mhlint.autograd.command_lines import picked
from mhlint.autograd.computing import NotPlain, as_value, plain
from mhlint.autograd.iteration import Generator, drain, elements
from mhlint.autograd.machine import Machine
from mhlint.autograd.unknown_names import forget_one
from mhlint.autograd.values import NONE, TRUE, Const, Mapping, Sequence, Value, key_of, tensors_in
from mhlint.syntax.program import Site

_COMPUTED = frozenset(
    "lower upper strip startswith endswith split replace lstrip rstrip title capitalize find rfind count index isdigit "
    "isalpha isnumeric islower isupper rsplit partition rpartition swapcase zfill removeprefix removesuffix".split()
)


_REORDER = frozenset(
    "rotate extendleft discard difference_update intersection_update symmetric_difference_update".split()
)


def call_container(
    machine: Machine,
    owner: Value,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    """Call a method of a container or a string."""
    if isinstance(owner, Sequence):
        return _of_sequence(machine, owner, name, args, keywords, site)
    if isinstance(owner, Mapping):
        return _of_mapping(machine, owner, name, args, keywords, site)
    if isinstance(owner, Const):
        return _of_constant(machine, owner, name, args, keywords)
    if isinstance(owner, Generator) and name == "close":
        return NONE
    return machine.unknown(name)


def _note(machine: Machine, values: list[Value]) -> None:
    if any(tensors_in(value) or not isinstance(value, Const) for value in values):
        machine.effects += 1


def _of_sequence(
    machine: Machine,
    owner: Sequence,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    first = args[0] if args else NONE
    if name in ("append", "add", "appendleft", "extend", "insert", "update"):
        machine.grown.append(owner)
    if name in ("append", "add", "appendleft"):
        if tensors_in(first):
            machine.effects += 1
        owner.items.insert(0 if name == "appendleft" else len(owner.items), first)
        if owner.most is not None and len(owner.items) > owner.most:
            owner.items.pop(-1 if name == "appendleft" else 0)
        return NONE
    if name in ("extend", "update"):
        _note(machine, args)
        items, exact = elements(machine, first, site)
        owner.items.extend(items)
        owner.exact = owner.exact and exact
        return NONE
    if name == "insert" and len(args) > 1:
        _note(machine, args[1:])
        owner.items.insert(first.value if isinstance(first, Const) and isinstance(first.value, int) else 0, args[1])
        return NONE
    if name == "clear":
        machine.effects += 1
        owner.items.clear()
        owner.exact = True
        return NONE
    if name in ("pop", "popleft"):
        machine.effects += 1
        index = Const(0) if name == "popleft" else first if args else Const(-1)
        found = subscripts.load(machine, owner, index, site)
        subscripts.delete(machine, owner, index)
        return found
    if name == "remove":
        machine.effects += 1
        owner.items[:] = [machine.unknown("item", tuple(tensors_in(item))) for item in owner.items]
        owner.exact = False
        return NONE
    if name == "copy":
        return Sequence(list(owner.items), owner.kind, owner.exact)
    if name == "reverse":
        owner.items.reverse()
        return NONE
    if name == "_asdict" and owner.fields:
        return Mapping(dict(zip(owner.fields, owner.items, strict=False)))
    if name == "_replace" and owner.fields:
        items = [keywords.get(field, item) for field, item in zip(owner.fields, owner.items, strict=False)]
        return Sequence(items, owner.kind, owner.exact, owner.fields)
    if name == "_make" and owner.fields and isinstance(first, (Sequence, Generator)):
        items = drain(machine, first) if isinstance(first, Generator) else list(first.items)
        return Sequence(items, owner.kind, owner.exact, owner.fields)
    if name in _REORDER:
        machine.effects += 1
        held = tuple(tensors_in(owner)) + tuple(tensors_in(first))
        owner.items[:], owner.exact = [machine.unknown("item", held) for _ in owner.items], False
        return NONE
    if name in ("index", "count"):
        try:
            return as_value(getattr(plain(owner), name)(plain(first)))
        except (NotPlain, AttributeError, ValueError):
            return machine.derived("method", (key_of(owner), name, machine.next_serial()), name)
    if name == "sort":
        sorted_items = in_order(machine, owner, keywords, site)
        owner.items[:], owner.exact = sorted_items.items, sorted_items.exact
        return NONE
    return machine.derived("method", (key_of(owner), name, machine.next_serial()), name)


def _of_mapping(
    machine: Machine,
    owner: Mapping,
    name: str,
    args: list[Value],
    keywords: dict[str, Value],
    site: Site | None,
) -> Value:
    first = args[0] if args else NONE
    if name in ("get", "pop", "setdefault"):
        if subscripts.holds_callables(owner):
            first = picked(first)
        first = subscripts.as_key(first)
        key = first.value if isinstance(first, Const) else ("item", key_of(first))
        found = owner.items.get(key)
        if name == "pop":
            machine.effects += 1
            owner.items.pop(key, None)
        if found is not None:
            return found
        fallback = args[1] if len(args) > 1 else NONE
        if name == "setdefault":
            owner.items[key] = fallback
            return fallback
        if owner.exact and isinstance(first, Const):
            return fallback
        return machine.derived("item", (owner, first), "item", tuple(tensors_in(owner)))
    if name == "popitem" and owner.exact and owner.items:
        machine.effects += 1
        last = args[0] if args else keywords.get("last", TRUE)
        if isinstance(last, Const):
            place = next(reversed(owner.items)) if last.value else next(iter(owner.items))
            return Sequence([Const(place), owner.items.pop(place)], "tuple")
    if name in ("items", "keys", "values"):
        keys: list[Value] = [
            machine.derived("key", (owner, str(key)), "key")
            if isinstance(key, tuple) and key[:1] == ("item",)
            else Const(key)
            for key in owner.items
        ]
        values = list(owner.items.values())
        if name == "keys":
            return Sequence(keys, exact=owner.exact)
        if name == "values":
            return Sequence(values, exact=owner.exact)
        return Sequence([Sequence([k, v], "tuple") for k, v in zip(keys, values, strict=True)], exact=owner.exact)
    if name == "update":
        _note(machine, [*args, *keywords.values()])
        if isinstance(first, Mapping):
            owner.items.update(first.items)
            owner.exact = owner.exact and first.exact
            if not first.exact:
                forget_one(machine, owner.items, None, None)
        elif args:
            owner.exact = False
            forget_one(machine, owner.items, None, None)
        owner.items.update(keywords)
        return NONE
    if name == "move_to_end" and isinstance(first, Const) and first.value in owner.items:
        machine.effects += 1
        moved = owner.items.pop(first.value)
        last = args[1] if len(args) > 1 else keywords.get("last", TRUE)
        rest = dict(owner.items)
        owner.items.clear()
        owner.items.update({**rest, first.value: moved} if last == TRUE else {first.value: moved, **rest})
        return NONE
    if name == "copy":
        return Mapping(dict(owner.items), owner.exact, owner.default)
    if name == "clear":
        machine.effects += 1
        owner.items.clear()
        owner.exact = True
        return NONE
    return machine.derived("method", (key_of(owner), name, machine.next_serial()), name)


def _of_constant(
    machine: Machine, owner: Const, name: str, args: list[Value], keywords: dict[str, Value]
) -> Value:
    if isinstance(owner.value, str) and name == "format":
        given, named = list(args), dict(keywords)
        tensors.show(machine, (*given, *named.values()), None)
        if all(isinstance(value, Const) and isinstance(value.value, (int, str)) for value in (*given, *named.values())):
            try:
                return Const(owner.value.format(*map(plain, given), **{key: plain(named[key]) for key in named}))
            except (LookupError, TypeError, ValueError, AttributeError):
                return machine.unknown("text")
    if isinstance(owner.value, str) and name in _COMPUTED:
        try:
            return as_value(getattr(owner.value, name)(*(plain(arg) for arg in args)))
        except (NotPlain, TypeError, ValueError):
            return machine.derived("method", (owner, name, *(key_of(arg) for arg in args)), name)
    if isinstance(owner.value, str) and name == "join" and args:
        try:
            return Const(owner.value.join(plain(args[0])))
        except (NotPlain, TypeError):
            return machine.unknown("text")
    return machine.derived("method", (owner, name, *(key_of(arg) for arg in args)), name)
