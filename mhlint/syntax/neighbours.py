"""What the other files of a project do to the attributes of an object, as far as their text alone tells it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

_MOST_FOLDERS = 200
_MOST_FILES = 300
_MOST_BYTES = 6_000_000
_NEVER = frozenset({"node_modules", "site-packages", "__pycache__", "build", "dist"})
_STORES = (
    rb"\.%s[ \t]*(?:\[[^\]\n]*\][ \t]*)?(?:=(?!=)|[-+*/|&@]=|,[^=\n()]*=(?!=))"
    rb"|\bdel\b[^\n]*\.%s\b"
    rb"|\.%s[ \t]*\.[ \t]*(?:append|clear|copy_|detach_|extend|fill_|insert|pop|popleft|remove|update|zero_)[ \t]*\("
    rb"|\bsetattr\([^,\n]+,[ \t]*[\"']%s[\"']"
)


class Neighbours:
    """The files near a main file, nearest first, read when they are first asked about.

    At most `_MOST_FILES` are read, of at most `_MOST_FOLDERS`. `paths` lists those that were read,
    `folders` where they were looked for.
    """

    def __init__(self, main: str, roots: list[Path]) -> None:
        self._main = os.path.abspath(main)
        self._roots = roots
        self._texts: dict[str, bytes] | None = None
        self._by_attribute: dict[str, dict[str, bool]] = {}
        self.folders: list[str] = []

    @property
    def paths(self) -> list[str]:
        return list(self._texts or ())

    def store(self, attribute: str, classes: frozenset[str], known: frozenset[str]) -> bool:
        """Does a file store to an attribute of that name, delete it or change it in place?

        Through `self` it counts in files that name one of the `classes`, through any other name everywhere; not
        in the files that are `known` otherwise.
        """
        named = re.compile(rb"\b(?:" + b"|".join(re.escape(one.encode()) for one in sorted(classes)) + rb")\b")
        return any(
            path not in known and (from_outside or named.search(self._read()[path]) is not None)
            for path, from_outside in self._storing(attribute).items()
        )

    def _storing(self, attribute: str) -> dict[str, bool]:
        """The files that store to an attribute, and whether through a name other than `self`; looked through once."""
        found = self._by_attribute.get(attribute)
        if found is None:
            found = self._by_attribute[attribute] = {}
            name = attribute.encode()
            stores = re.compile(_STORES.replace(b"%s", re.escape(name)))
            for path, text in self._read().items():
                starts = [match.start() for match in stores.finditer(text)] if name in text else []
                if starts:
                    own = (text[max(0, start - 4) : start].endswith((b"self", b"cls")) for start in starts)
                    found[path] = not all(own)
        return found

    def _read(self) -> dict[str, bytes]:
        if self._texts is None:
            self._texts, size = {}, 0
            for path in self._near():
                try:
                    with open(path, "rb") as file:
                        text = file.read(_MOST_BYTES + 1)
                except OSError:
                    continue
                size += len(text)
                if len(self._texts) >= _MOST_FILES or size > _MOST_BYTES:
                    break
                self._texts[path] = text
        return self._texts

    def _near(self) -> Iterator[str]:
        seen = {self._main}
        left = _MOST_FOLDERS
        for root in self._roots:
            for folder, folders, names in os.walk(root):
                left -= 1
                if left < 0:
                    return
                self.folders.append(folder)
                folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _NEVER)
                for name in sorted(names):
                    path = os.path.join(folder, name)
                    if name.endswith(".py") and path not in seen:
                        seen.add(path)
                        yield path
