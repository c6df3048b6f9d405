"""Which paths the glob patterns of the settings mean."""

from __future__ import annotations

import os
import re
from functools import lru_cache

Matcher = re.Pattern[str] | None


@lru_cache(maxsize=64)
def path_matcher(patterns: tuple[str, ...], root: str) -> Matcher:
    """Matches absolute paths: a name matches any part of a path, a pattern with `/` matches from `root`.

    What lies below a matching folder matches too.
    """
    if not patterns:
        return None
    top = re.escape(root.replace(os.sep, "/").rstrip("/"))
    choices = []
    for pattern in patterns:
        cleaned = pattern.replace("\\", "/").removeprefix("./").rstrip("/")
        body = _glob(cleaned)
        if "/" not in cleaned:
            choices.append(f"(?:.*/)?{body}")
        elif cleaned.startswith("/"):
            choices.append(body)
        else:
            choices.append(f"{top}/{body}")
    return re.compile(f"(?:{'|'.join(choices)})(?:/.*)?\\Z", re.DOTALL)


def matches(matcher: Matcher, path: str) -> bool:
    """Whether an absolute path (or a folder it lies in) is meant."""
    return matcher is not None and matcher.match(path.replace(os.sep, "/")) is not None


_WILD = re.compile(r"/\*\*/|\*\*/|/\*\*|\*\*|\*|\?|\[!?\]?[^\]]*\]")
_MEANING = {"/**/": "/(?:.*/)?", "**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def _glob(pattern: str) -> str:
    """`*` and `?` stay within a folder, `**` crosses folders, `[...]` is one of some characters."""
    pieces, done = [], 0
    for wild in _WILD.finditer(pattern):
        meaning = _MEANING.get(wild[0]) or "[" + wild[0][1:-1].replace("\\", "").replace("!", "^", 1) + "]"
        pieces += [re.escape(pattern[done : wild.start()]), meaning]
        done = wild.end()
    return "".join([*pieces, re.escape(pattern[done:])])
