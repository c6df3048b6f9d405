"""Runs other texts in the place of source files, which stay as they are: what Python compiles is another."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


class Texts(dict[str, bytes]):
    """The bytes to run for each source file, by its real path."""

    def of(self, path: str | None) -> bytes | None:
        """The text that stands in for a file, None if the file is run as it is."""
        return self.get(os.path.realpath(path)) if path else None


class ServingLoader(importlib.machinery.SourceFileLoader):
    """Loads a module under its own path, from a text that is not in its file."""

    def __init__(self, fullname: str, path: str, text: bytes) -> None:
        super().__init__(fullname, path)
        self.text = text

    def get_data(self, path: str) -> bytes:
        """The text for the module's own path; other data comes from disk."""
        return self.text if path == self.path else super().get_data(path)

    def get_code(self, fullname: str) -> CodeType:
        """The compiled text; the cache of compiled files is neither read nor written."""
        return compile(self.text, self.path, "exec", dont_inherit=True)


class ServingFinder(importlib.abc.MetaPathFinder):
    """Asks the finders behind it, and changes the loader where another text stands in for the file."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec that the first finder behind this one gives, with the loader of the text that is served."""
        for finder in sys.meta_path:
            if isinstance(finder, ServingFinder) or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is None:
                continue
            text = self.texts.of(spec.origin if spec.has_location else None)
            if text is not None and spec.origin is not None:
                spec.loader = ServingLoader(fullname, spec.origin, text)
            # Found is found: a finder asked again may answer no more, as those that wrap an import once do.
            return spec
        return None


def read_texts(served: Mapping[str, str]) -> Texts:
    """The texts of a plan: file to run by file that is replaced."""
    return Texts({os.path.realpath(path): Path(text).read_bytes() for path, text in served.items()})


def serve(texts: Texts) -> None:
    """Run these texts for imports, for spawned processes' main files and for what reads source lines."""
    if not texts:
        return
    sys.meta_path.insert(0, ServingFinder(texts))
    for path, text in texts.items():
        lines = importlib.util.decode_source(text).splitlines(keepends=True)
        # An entry without a time is never checked against the file: torch.compile sees these lines.
        linecache.cache[path] = (len(text), None, lines, path)
    _serve_run_path(texts)


def _serve_run_path(texts: Texts) -> None:
    """A spawned process runs its parent's main file by `runpy.run_path`, which asks no finder."""
    original: Any = runpy._get_code_from_file  # type: ignore[attr-defined]

    def get_code_from_file(*arguments: str) -> Any:
        text = texts.of(arguments[-1])
        if text is None:
            return original(*arguments)
        code = compile(text, arguments[-1], "exec", dont_inherit=True)
        return (code, arguments[-1]) if len(arguments) == 2 else code

    runpy._get_code_from_file = get_code_from_file  # type: ignore[attr-defined]
