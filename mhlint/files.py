"""Which files are checked: those that are named, and those found in the folders that are named."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from mhlint.patterns import matches, path_matcher
from mhlint.settings import Settings

SUFFIXES = (".py", ".ipynb")


class Target(NamedTuple):
    """An absolute path to check; `named` if the user named the file itself."""

    path: str
    named: bool


def find_files(paths: Sequence[str], settings_of: Callable[[str], Settings]) -> list[Target]:
    """The files to check, each once, sorted.

    A file that is named is always taken, there or not (unless force-exclude is set); a folder is walked for
    Python files and notebooks, without what the settings exclude and what git ignores.
    """
    found: dict[str, Target] = {}
    for path in paths:
        absolute = os.path.abspath(path)
        if os.path.isdir(absolute):
            for file in _walk(absolute, settings_of):
                found.setdefault(file, Target(file, False))
        else:
            settings = settings_of(os.path.dirname(absolute))
            if not (settings.force_exclude and _excluded(absolute, settings)):
                found[absolute] = Target(absolute, True)
    return sorted(found.values())


def _excluded(path: str, settings: Settings) -> bool:
    return matches(path_matcher(settings.exclude + settings.extend_exclude, settings.root), path)


def _walk(top: str, settings_of: Callable[[str], Settings]) -> Iterator[str]:
    ignored = _ignored_by_git(top) if settings_of(top).respect_gitignore else frozenset()
    waiting = [top]
    linked: list[str] = []
    real: set[str] = set()
    while waiting:
        folder = waiting.pop()
        settings = settings_of(folder)
        excluded = settings.exclude + settings.extend_exclude
        # The folders above a named one do not count: whoever names build/ means it.
        names = path_matcher(tuple(item for item in excluded if "/" not in item), "")
        paths = path_matcher(tuple(item for item in excluded if "/" in item), settings.root)
        for entry in _entries(folder):
            path = entry.path
            if path in ignored or not _candidate(entry):
                continue
            if matches(names, entry.name) or matches(paths, path):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_symlink():
                linked.append(path)
            elif entry.is_file():
                real.add(path)
                yield path
    for path in sorted(linked):
        target = os.path.realpath(path)
        if os.path.isfile(target) and target not in real:
            real.add(target)
            yield path


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _candidate(entry: os.DirEntry[str]) -> bool:
    return entry.name.endswith(SUFFIXES) or entry.is_dir(follow_symlinks=False)


def _ignored_by_git(top: str) -> frozenset[str]:
    """The paths below `top` that git ignores, a wholly ignored folder as one path; never tracked files."""
    if not _in_repository(top):
        return frozenset()
    import subprocess

    command = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory", "-z"]
    try:
        listed = subprocess.run(command, cwd=top, capture_output=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return frozenset()
    names = (os.fsdecode(name).rstrip("/") for name in listed.split(b"\0") if name)
    return frozenset(os.path.join(top, name) for name in names if name not in ("", "."))


def _in_repository(folder: str) -> bool:
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return True
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
