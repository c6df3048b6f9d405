"""Files without a walk of their own that call one in another file: they are worth an analysis, too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

_COMMON = frozenset(
    {"forward", "main", "run", "train", "step", "update", "test", "fit", "call", "setup", "close"}
)
_MOST_HOPS = 3


def callers(walking: Mapping[str, bytes], others: Mapping[str, bytes]) -> list[str]:
    """The paths among `others` whose text imports one of the `walking` files and names what walks in it.

    What calls such a caller is one itself: a script whose trainer holds a model that walks, in a third file.
    """
    found: set[str] = set()
    words: set[str] = set()
    newest: Mapping[str, bytes] = walking
    for _ in range(_MOST_HOPS):
        wanted: dict[bytes, set[bytes]] = {}
        offered = {path: _walkers(path, data, frozenset(words)) for path, data in newest.items()}
        for path, names in offered.items():
            if names:
                wanted.setdefault(_module(path), set()).update(name.encode() for name in names)
        words.update(*offered.values())
        newest = {path: data for path, data in others.items() if path not in found and _calls(data, wanted.items())}
        found |= newest.keys()
        if not newest:
            break
    return [path for path in others if path in found]


def _calls(data: bytes, wanted: Iterable[tuple[bytes, set[bytes]]]) -> bool:
    return any(
        module in data
        and any(name in data for name in names)
        and re.search(rb"^[ \t]*(?:from|import)\b[^\n]*\b" + re.escape(module) + rb"\b", data, re.MULTILINE)
        for module, names in wanted
    )


def _module(path: str) -> bytes:
    folder, name = os.path.split(path)
    stem = os.path.splitext(name)[0]
    return os.fsencode(os.path.basename(os.path.abspath(folder)) if stem == "__init__" else stem)


def _walkers(path: str, data: bytes, words: frozenset[str]) -> set[str]:
    """The names by which other files call what walks in one; of a class whose methods have common names, its own."""
    from mhlint.autograd.reach import walking_definitions
    from mhlint.source import Source
    from mhlint.syntax.program import parse

    if not path.endswith(".py"):
        return set()
    try:
        program = parse(Source(path, data.decode("utf-8-sig")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    found: set[str] = set()
    for owner, definition in walking_definitions(program, words):
        name = definition.name
        found.add(owner if name in _COMMON or name.startswith("__") else name)
    return found - _COMMON - {""}
