"""The same question asked again: an unseen call with the same arguments answers a condition as it did before."""

from __future__ import annotations

import re

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Key, Library, Method, Term, Unknown, Value, key_of

_VARIES = re.compile(
    r"rand|sampl|next|pop|step|time|choice|bernoulli|uniform|normal|input|recv|read|tick|perf|draw|shuffle|perm|flip|"
    r"coin|count|update|poll|wait|empty|reset"
)
"""What a call is named that may well answer otherwise the next time."""
_DEEPEST = 8


def remember(
    machine: Machine, callee: Value, args: list[Value], keywords: dict[str, Value], result: Value, before: int
) -> None:
    """Note which question a fresh unknown answers: which call, with which arguments."""
    if not isinstance(result, Unknown) or result.deps or not _is_fresh(result.key, before):
        return
    if isinstance(callee, (Unknown, Library, Method)) and not _VARIES.search(_name(callee)):
        parts = (callee, *args, *keywords.values())
        machine.asked.setdefault(
            result.key, Term(("asked", *(alike(machine, key_of(part)) for part in parts), *keywords))
        )


def _is_fresh(key: Key, before: int) -> bool:
    return isinstance(key, tuple) and len(key) == 2 and key[0] == "fresh" and key[1] > before


def _name(callee: Value) -> str:
    label = callee.label if isinstance(callee, Unknown) else getattr(callee, "name", "")
    return str(label).lower()


def alike(machine: Machine, key: Key, depth: int = _DEEPEST) -> Key:
    """The key under which all conditions that ask the same are answered."""
    if not isinstance(key, tuple) or depth == 0:
        return key
    known = machine.asked.get(key)
    if known is not None or not isinstance(key, Term):
        return key if known is None else known
    parts = tuple(alike(machine, part, depth - 1) for part in key)
    return key if all(new is old for new, old in zip(parts, key, strict=True)) else Term(parts)
