"""Items of containers and tensors: reading, storing and deleting them."""

from __future__ import annotations

from copy import copy

from mhlint.autograd import enumerations, tensors
from mhlint.autograd.command_lines import picked
from mhlint.autograd.graph import Level, Turn
from mhlint.autograd.iteration import elements
from mhlint.autograd.library_bases import base_of
from mhlint.autograd.machine import Machine
from mhlint.autograd.module_parameters import parameters_of
from mhlint.autograd.unknown_names import forget_one
from mhlint.autograd.values import (
    PLAIN,
    ClassValue,
    Const,
    Function,
    Instance,
    Key,
    Library,
    Mapping,
    Module,
    Native,
    Partial,
    Sequence,
    Slice,
    Tensor,
    Unknown,
    Value,
    in_library,
    key_of,
    tensors_in,
)
from mhlint.syntax.program import Site

ENVIRONMENT = Library("os.environ")


def as_key(index: Value) -> Value:
    """A tuple of known values as the one key that it is."""
    if isinstance(index, Sequence) and index.kind == "tuple" and index.exact and not index.fields:
        if all(isinstance(item, Const) for item in index.items):
            return Const(tuple(item.value for item in index.items if isinstance(item, Const)))
    return index


def load(machine: Machine, owner: Value, index: Value, site: Site | None) -> Value:
    """`owner[index]`."""
    if isinstance(owner, Mapping):
        index = as_key(index)
    if isinstance(owner, Tensor):
        return _of_tensor(machine, owner, index, site)
    if isinstance(owner, Sequence):
        return _of_sequence(machine, owner, index)
    if isinstance(owner, Mapping):
        return _of_mapping(machine, owner, index)
    if isinstance(owner, Module):
        return _of_module(machine, owner, index)
    if isinstance(owner, Instance):
        method = owner.cls and machine.member(machine, owner, "__getitem__")
        if method is not None:
            return machine.call(machine, method, [index], {}, site)
        base = base_of(owner)
        if base is not None:
            return _of_module(machine, base, index)
        if isinstance(index, Const) and f"[{index.value!r}]" in owner.attributes:
            return owner.attributes[f"[{index.value!r}]"]
    if isinstance(owner, Unknown):
        key = ("[]", key_of(index))
        if key not in owner.attributes:
            item = machine.derived("item", (owner, index), f"{owner.label}[...]", owner.deps)
            item.module = owner.module
            if PLAIN in owner.attributes:
                item.attributes[PLAIN] = owner.attributes[PLAIN]
            owner.attributes[key] = item
        return owner.attributes[key]
    if isinstance(owner, ClassValue) and isinstance(index, Const) and isinstance(index.value, str):
        if enumerations.real(owner) is not None and index.value in owner.members:
            return owner.members[index.value]
    if owner == ENVIRONMENT and isinstance(index, Const) and index.value in machine.environment:
        return machine.environment[index.value]
    if isinstance(owner, Library) and owner.name.endswith(".__dict__"):
        name = picked(index)
        if isinstance(name, Const) and isinstance(name.value, str):
            return in_library(owner.name.removesuffix("__dict__") + name.value)
    if isinstance(owner, Const) and isinstance(index, Const):
        try:
            return Const(owner.value[index.value])
        except (TypeError, IndexError, KeyError):
            return machine.unknown("item")
    return machine.derived("item", (owner, index), "", tuple(tensors_in(owner)))


def _position(sequence: Sequence, index: Value) -> int | None:
    """Which of the items an index means, if that is known."""
    if isinstance(index, Const) and isinstance(index.value, int):
        number = index.value
        if sequence.exact:
            return number if -len(sequence.items) <= number < len(sequence.items) else None
        if number in (0, 1) and len(sequence.items) > number:
            return number
        return -1 if number == -1 and sequence.items else None
    if isinstance(index, Unknown) and index.position is not None and not sequence.exact:
        # Only an index that counts from 0 is that place: not `i + 1`, not the second of `range(1, n)`.
        counts = index.at_least == 1 if index.position == 1 else index.base is None or index.offset == -1
        return index.position if counts and len(sequence.items) > abs(index.position) else None
    return None


def _of_sequence(machine: Machine, owner: Sequence, index: Value) -> Value:
    position = _position(owner, index)
    if position is not None:
        return owner.items[position]
    if isinstance(index, Slice):
        lower, upper, step = index.lower, index.upper, index.step
        if owner.exact and isinstance(lower, Const) and isinstance(upper, Const) and isinstance(step, Const):
            return Sequence(owner.items[lower.value : upper.value : step.value], owner.kind)
        return Sequence(_sliced(machine, owner, lower, upper, step), owner.kind, exact=False)
    items = owner.items
    if items and all(isinstance(item, (Const, Unknown)) and not tensors_in(item) for item in items):
        return machine.derived("item", (owner, index), "item")
    if items and all(item is items[0] for item in items):
        return items[0]
    modules = [item for item in items if isinstance(item, (Module, Instance))]
    if items and len(modules) == len(items):
        return _one_of(machine, items, index)
    return machine.derived("item", (owner, index), "item", tuple(tensors_in(owner)))


def _sliced(machine: Machine, owner: Sequence, lower: Value, upper: Value, step: Value) -> list[Value]:
    """The items of a slice whose place among the items is not known, or of a list not all of whose items are."""
    bounds = [getattr(bound, "value", ...) for bound in (lower, upper, step)]
    if not owner.exact and bounds == [None, None, -1]:
        return owner.items[::-1]
    if not owner.exact and bounds[2] in (None, 1):
        if bounds[:2] in ([None, None], [0, None]):
            return list(owner.items)
        if bounds[:2] in ([None, -1], [0, -1], [1, None]):
            return owner.items[:-1] if bounds[1] == -1 else owner.items[1:]
        if bounds[:2] == [-1, None]:
            return owner.items[-1:]
    held = tuple(tensors_in(owner))
    if not held or all(item is owner.items[0] for item in owner.items):
        return list(owner.items)
    return [machine.unknown("item", held) if tensors_in(item) else item for item in owner.items]


def _one_of(machine: Machine, items: list[Value], index: Value) -> Value:
    """One of several modules, which is not known: like the first, but not the same object as any."""
    if isinstance(index, Unknown) and index.position is not None and abs(index.position) < len(items):
        if index.position < 0 or index.at_least in (None, index.position):
            return items[index.position]
    made = copy(items[0])
    machine.stand_ins.add(made)
    return made


_CALLABLES = (ClassValue, Library, Function, Partial, Native)


def holds_callables(mapping: Mapping) -> bool:
    """Is a dict one of classes or functions, from which a program picks by a name?"""
    values = list(mapping.items.values())
    return bool(values) and (any if not mapping.exact else all)(isinstance(value, _CALLABLES) for value in values)


def _of_mapping(machine: Machine, owner: Mapping, index: Value) -> Value:
    if holds_callables(owner):
        index = picked(index)
    if isinstance(index, Const):
        if index.value in owner.items:
            return owner.items[index.value]
        if owner.default is not None:
            made = machine.call(machine, owner.default, [], {}, machine.current)
            if not isinstance(owner.default, Native):
                # A Counter answers 0 for what it has not seen, and keeps no such key.
                owner.items[index.value] = made
            return made
    key = ("item", key_of(index))
    if not isinstance(index, Const):
        stored = owner.items.get(key)
        if stored is not None:
            return stored
        if owner.exact and len(owner.items) == 1:
            return next(iter(owner.items.values()))
    return machine.derived("item", (owner, index), "item", tuple(tensors_in(owner)))


def _of_module(machine: Machine, owner: Module, index: Value) -> Value:
    children = list(owner.children.values())
    if isinstance(index, Const):
        if isinstance(index.value, str):
            return owner.children.get(index.value) or machine.derived("child", (owner, index), "child")
        as_sequence = Sequence(children, exact=owner.exact)
        position = _position(as_sequence, index)
        if position is not None:
            return children[position]
    if isinstance(index, Slice):
        return _layers(machine, owner, index)
    as_sequence = Sequence(children, exact=owner.exact)
    position = _position(as_sequence, index)
    if position is not None:
        return children[position]
    if children:
        return _one_of(machine, children, index)
    child = machine.derived("child", (owner, index), "child")
    child.module = Level.LIKELY
    return child


def _layers(machine: Machine, owner: Module, index: Slice) -> Value:
    """Some of the layers of a container."""
    bounds = [bound.value for bound in (index.lower, index.upper, index.step) if isinstance(bound, Const)]
    if owner.exact and len(bounds) == 3:
        kept = list(owner.children.values())[slice(*bounds)]
        children: dict[str, Value] = {str(place): layer for place, layer in enumerate(kept)}
        return Module(owner.kind, children=children, training=owner.training)
    if len({tensor.requires_grad for tensor in parameters_of(machine, owner)[0]}) > 1:
        # Whether a graph starts in these layers hangs on which of them are frozen.
        some = machine.unknown("layers")
        some.module = Level.GUESS
        return some
    return Module(owner.kind, children=dict(owner.children), exact=False)


def _of_tensor(machine: Machine, owner: Tensor, index: Value, site: Site | None) -> Value:
    whole = owner.unseen_call and isinstance(index, Const) and isinstance(index.value, (int, str))
    if whole:
        return tensors.part_of(machine, owner, key_of(index), site)
    if owner.unseen_call and isinstance(index, Unknown):
        return tensors.part_of(machine, owner, key_of(index), site)
    if _is_plain(index):
        result = tensors.view(machine, owner, "select", site)
        return result
    # A list, an index tensor or a mask is kept; what is not known may be one (FACTS F05).
    certain = isinstance(index, (Tensor, Sequence)) and not _is_plain(index)
    return tensors.make(machine, "index", [owner], Level.CERTAIN if certain else Level.MAYBE, site)


def _is_plain(index: Value) -> bool:
    if isinstance(index, Const):
        return index.value is None or index.value is Ellipsis or isinstance(index.value, int)
    if isinstance(index, Slice):
        return True
    if isinstance(index, Unknown):
        return index.position is not None or index.at_least is not None
    return isinstance(index, Sequence) and index.kind == "tuple" and all(_is_plain(part) for part in index.items)


def store(machine: Machine, owner: Value, index: Value, value: Value, site: Site) -> None:
    """`owner[index] = value`."""
    if isinstance(owner, Mapping):
        index = as_key(index)
    if isinstance(owner, Sequence):
        machine.effects += 1
        position = _position(owner, index)
        if position is not None:
            owner.items[position] = value
        elif isinstance(index, Slice) and index.lower == Const(None) and index.upper == Const(None):
            found, exact = elements(machine, value, site)
            owner.items[:], owner.exact = found, exact
        else:
            owner.exact = False
            deps = tuple(tensors_in(value))
            owner.items[:] = [machine.unknown("item", (*tensors_in(item), *deps)) for item in owner.items or [value]]
    elif isinstance(owner, Mapping):
        if tensors_in(value) or not isinstance(value, (Const, Unknown)):
            machine.effects += 1
        if isinstance(index, Const):
            owner.items[index.value] = value
        else:
            forget_one(machine, owner.items, index, value)
            if not owner.of_names:
                _store_under_unknown(machine, owner, ("item", key_of(index)), value)
    elif owner == ENVIRONMENT and isinstance(index, Const):
        machine.environment[index.value] = value
    elif isinstance(owner, Tensor):
        _store_in_tensor(machine, owner, index, value, site)
    elif isinstance(owner, Module) and isinstance(index, Const):
        owner.children[str(index.value)] = value
    elif isinstance(owner, Instance):
        method = machine.member(machine, owner, "__setitem__")
        if method is not None:
            machine.call(machine, method, [index, value], {}, site)
        elif isinstance(index, Const):
            # A class made from `dict` keeps what is stored under a key.
            machine.effects += 1
            owner.attributes[f"[{index.value!r}]"] = value
    elif isinstance(owner, Unknown):
        owner.attributes[("[]", key_of(index))] = value
        machine.effects += 1


def _store_under_unknown(machine: Machine, owner: Mapping, key: Key, value: Value) -> None:
    """A key that is not known may be one of another turn: what that turn has stored may be gone then."""
    for known, turn in list(owner.stored.items()):
        held = owner.items.get(known)
        if known != key and held is not None and not _same_round(machine, turn, machine.turn) and tensors_in(held):
            owner.items[known] = machine.unknown("item", tuple(tensors_in(held)))
    owner.items[key], owner.exact = value, False
    if tensors_in(value) or not isinstance(value, (Const, Unknown)):
        owner.stored[key] = machine.turn


def _same_round(machine: Machine, first: Turn, second: Turn) -> bool:
    """Do two turns differ at most in that of one loop, the innermost: are they passes over different items?"""
    if first != second and len(first) == len(second) == 1 and first[0][0] == machine.trace.virtual_loop:
        return False
    if len(first) != len(second):
        shorter = min(len(first), len(second))
        return first[:shorter] == second[:shorter]
    return first == second or (first[:-1] == second[:-1] and first[-1][0] == second[-1][0])


def _store_in_tensor(machine: Machine, owner: Tensor, index: Value, value: Value, site: Site) -> None:
    """Filling a part of a tensor leaves a node that raises on a second walk; `t[:] = x` does not (FACTS F11)."""
    source = tensors.as_tensor(machine, value, site)
    whole = isinstance(index, Slice) and index == Slice(Const(None), Const(None), Const(None))
    keeps = Level.NO if whole else Level.CERTAIN
    tensors.in_place(machine, owner, "[...] =", [source] if source is not None else [], keeps, site)


def delete(machine: Machine, owner: Value, index: Value) -> None:
    """`del owner[index]`."""
    if isinstance(owner, Mapping):
        index = as_key(index)
    machine.effects += 1
    if isinstance(owner, Mapping) and isinstance(index, Const):
        owner.items.pop(index.value, None)
    elif isinstance(owner, Sequence):
        if isinstance(index, Slice) and index.lower == Const(None) and index.upper == Const(None):
            owner.items.clear()
            owner.exact = True
            return
        if isinstance(index, Slice) and owner.exact:
            bounds = [bound.value for bound in (index.lower, index.upper, index.step) if isinstance(bound, Const)]
            if len(bounds) == 3:
                del owner.items[slice(*bounds)]
                return
        position = _position(owner, index)
        if position is not None and owner.exact:
            del owner.items[position]
        else:
            owner.items[:] = [machine.unknown("item", tuple(tensors_in(item))) for item in owner.items]
            owner.exact = False
