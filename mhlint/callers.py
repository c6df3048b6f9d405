"""Files without a walk of their own that call one in another file: they are worth an analysis, too."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

_COMMON = frozenset(
    {"forward", "main", "run", "train", "step", "update", "test", "fit", "call", "setup", "close"}
)


def callers(walking: Mapping[str, bytes], others: Mapping[str, bytes]) -> list[str]:
    """The paths among `others` whose text imports one of the `walking` files and names what walks in it."""
    wanted: dict[bytes, set[bytes]] = {}
    for path, data in walking.items():
        names = _walkers(path, data)
        if names:
            wanted.setdefault(_module(path), set()).update(name.encode() for name in names)
    return [path for path, data in others.items() if _calls(data, wanted.items())]


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


def _walkers(path: str, data: bytes) -> frozenset[str]:
    from mhlint.autograd.reach import walkers
    from mhlint.source import Source
    from mhlint.syntax.program import parse

    if not path.endswith(".py"):
        return frozenset()
    try:
        program = parse(Source(path, data.decode("utf-8-sig")))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return walkers(program) - _COMMON
