"""Stores under names or keys that are not known: what they may have replaced is not known from then on."""

from __future__ import annotations

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import (
    ClassValue,
    Const,
    Instance,
    Key,
    Mapping,
    Module,
    Namespace,
    Object,
    Sequence,
    Tensor,
    Unknown,
    Value,
    is_none,
    key_of,
    tensors_in,
)

_DATA = (Const, Tensor, Sequence, Mapping, Unknown)
"""What is replaced by data. A network, a function or a class stays what it is called."""


def table_of(owner: Value) -> dict[Key, Value] | None:
    """Where the attributes of a value are kept, by their names."""
    if isinstance(owner, Namespace):
        return owner.frame.variables  # type: ignore[return-value]
    if isinstance(owner, ClassValue):
        return owner.members  # type: ignore[return-value]
    if isinstance(owner, (Instance, Object, Module)):
        return owner.attributes  # type: ignore[return-value]
    return None


def forget_one(machine: Machine, table: dict[Key, Value], name: Value | None, value: Value | None) -> None:
    """One of the items was replaced, or nothing was: under a `name` that is not known, by `value` if that is known.

    A tensor takes the place of a tensor or of a None, a setting that of a setting; layers and objects are added.
    """
    if value is not None and not isinstance(value, _DATA):
        return
    given = () if value is None else tuple(tensors_in(value))
    parts = () if name is None else _parts(key_of(name))
    for known, held in list(table.items()):
        if not isinstance(known, str) or known.startswith("__") or not isinstance(held, _DATA):
            continue
        if not _may_be(parts, known):
            continue
        if tensors_in(held) if _is_setting(value) else given and _is_setting(held):
            continue
        table[known] = machine.unknown(known, (*tensors_in(held), *given))
        machine.effects += 1


def _is_setting(value: Value | None) -> bool:
    return isinstance(value, Const) and not is_none(value)


def _may_be(parts: tuple[Key, ...], known: str) -> bool:
    """May a text of which `parts` are known be this one? Of `f"fc{i}"` the start and the end are."""
    if not parts:
        return True
    first, last = parts[0], parts[-1]
    starts = known.startswith(first) if isinstance(first, str) else True
    ends = known.endswith(last) if isinstance(last, str) else True
    return starts and ends and len(known) >= sum(len(part) for part in parts if isinstance(part, str))


def _parts(key: Key) -> tuple[Key, ...]:
    """What is known of a text: strings, with something between them that is not known."""
    if not isinstance(key, tuple):
        return ()
    if len(key) == 2 and key[0] == "text" and isinstance(key[1], tuple):
        return key[1]
    if len(key) == 3 and key[0] in ("Add", "Mod"):
        first, last = _string(key[1]), _string(key[2])
        if key[0] == "Mod" and first is not None:
            return (first.partition("%")[0], None)
        return (first, last)
    return ()


def _string(key: Key) -> str | None:
    found = key[2] if isinstance(key, tuple) and len(key) == 3 and key[:2] == ("const", "str") else None
    return found if isinstance(found, str) else None
