"""[tool.mhlint] of the nearest pyproject.toml."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

FIX_STYLES = ("auto", "sum", "detach-reinject")
CONFIDENCES = ("certain", "likely")
OUTPUT_FORMATS = ("text", "full", "concise", "json", "json-lines", "sarif", "github", "gitlab", "junit")

DEFAULT_EXCLUDE = (
    ".bzr .direnv .eggs .git .git-rewrite .hg .ipynb_checkpoints .mhlint_cache .mypy_cache .nox .pants.d "
    ".pyenv .pytest_cache .pytype .ruff_cache .svn .tox .venv .vscode __pycache__ __pypackages__ _build "
    "buck-out build dist node_modules site-packages venv"
)


class BadSettings(ValueError):
    """A setting that cannot be used: one line that says which, where and what is wanted."""


class PerFileIgnore(NamedTuple):
    """Codes that are not reported in files that a pattern matches."""

    pattern: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Settings:
    """What a project wants of mhlint. `root` is the folder that patterns are relative to.

    `line_length` is what its formatter is told, 0 where it is told nothing; no key of mhlint's own sets it.
    """

    root: str = ""
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = tuple(DEFAULT_EXCLUDE.split())
    extend_exclude: tuple[str, ...] = ()
    per_file_ignores: tuple[PerFileIgnore, ...] = ()
    backward_calls: tuple[str, ...] = ()
    fix_style: str = "auto"
    confidence: str = "likely"
    output_format: str = "text"
    unsafe_fixes: bool = False
    respect_gitignore: bool = True
    force_exclude: bool = False
    line_length: int = 0

    def with_overrides(self, overrides: Mapping[str, Any]) -> Settings:
        """These settings with those of the command line on top; None leaves a setting as it is."""
        given = {name: value for name, value in overrides.items() if value is not None}
        for name in ("extend_select", "extend_exclude"):
            if name in given:
                given[name] = getattr(self, name) + given[name]
        if "extend_ignore" in given:
            given["ignore"] = given.get("ignore", self.ignore) + given.pop("extend_ignore")
        return replace(self, **given) if given else self


def _strings(value: object) -> tuple[str, ...] | None:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    return None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _ignores(value: object) -> tuple[PerFileIgnore, ...] | None:
    if not isinstance(value, dict):
        return None
    pairs = [(pattern, _strings(codes)) for pattern, codes in value.items()]
    if any(codes is None for _, codes in pairs):
        return None
    return tuple(PerFileIgnore(pattern, codes or ()) for pattern, codes in pairs)


def _one_of(allowed: tuple[str, ...]) -> Callable[[object], str | None]:
    return lambda value: value if isinstance(value, str) and value in allowed else None


_LIST = (_strings, "a list of strings")
_FLAG = (_flag, "true or false")
_READERS: dict[str, tuple[Callable[[object], object], str]] = {
    "select": _LIST,
    "ignore": _LIST,
    "extend-select": _LIST,
    "exclude": _LIST,
    "extend-exclude": _LIST,
    "per-file-ignores": (_ignores, "a table of pattern = [codes]"),
    "backward-calls": _LIST,
    "fix-style": (_one_of(FIX_STYLES), "one of " + ", ".join(FIX_STYLES)),
    "confidence": (_one_of(CONFIDENCES), "one of " + ", ".join(CONFIDENCES)),
    "output-format": (_one_of(OUTPUT_FORMATS), "one of " + ", ".join(OUTPUT_FORMATS)),
    "unsafe-fixes": _FLAG,
    "respect-gitignore": _FLAG,
    "force-exclude": _FLAG,
}


def read_table(table: Mapping[str, Any], where: str, root: str) -> Settings:
    """The settings of one [tool.mhlint] table; raises BadSettings for an unknown key and for a wrong type."""
    values: dict[str, Any] = {"root": root}
    for key, value in table.items():
        if key not in _READERS:
            raise BadSettings(f"{where}: unknown setting {key!r}{suggestion(key, _READERS)}")
        reader, wanted = _READERS[key]
        read = reader(value)
        if read is None:
            raise BadSettings(f"{where}: {key} must be {wanted}, not {value!r}")
        values[key.replace("-", "_")] = read
    return Settings(**values)


def suggestion(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """`" (did you mean ...?)"`, or nothing where no known word is near."""
    import difflib

    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def read_config(path: str) -> Settings:
    """The settings of a file: pyproject.toml, or one whose top level is the table (as ruff.toml is)."""
    document = _toml(path)
    root = os.path.dirname(os.path.abspath(path))
    tool = document.get("tool")
    if isinstance(tool, dict) and "mhlint" in tool:
        return _section(tool, path, root)
    if os.path.basename(path) == "pyproject.toml":
        return Settings(root=root)
    return read_table(document, path, root)


def _toml(path: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        with open(path, "rb") as file:
            return dict(tomllib.load(file))
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path}: not TOML: {error}") from None


def _section(tool: dict[str, Any], path: str, root: str) -> Settings:
    if not isinstance(tool["mhlint"], dict):
        raise BadSettings(f"{path}: tool.mhlint must be a table")
    return read_table(tool["mhlint"], f"{path}: [tool.mhlint]", root)


@cache
def _of_folder(folder: str) -> Settings | None:
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "rb") as file:
            named = b"mhlint" in file.read()
    except OSError:
        named = False
    if named:
        tool = _toml(path).get("tool")
        if isinstance(tool, dict) and "mhlint" in tool:
            return _section(tool, path, folder)
    above = os.path.dirname(folder)
    return _of_folder(above) if above != folder else None


@cache
def _line_length(folder: str) -> int:
    """The line length of the nearest pyproject.toml that gives one to ruff or black; 0 without one."""
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "rb") as file:
            named = b"line-length" in file.read()
        tool = _toml(path).get("tool") if named else None
    except (OSError, BadSettings):
        tool = None
    for name in ("ruff", "black"):
        table = tool.get(name) if isinstance(tool, dict) else None
        given = table.get("line-length") if isinstance(table, dict) else None
        if isinstance(given, int) and given > 0:
            return given
    above = os.path.dirname(folder)
    return _line_length(above) if above != folder else 0


@dataclass(frozen=True)
class SettingsFor:
    """The settings of any folder: of one file, or of the nearest pyproject.toml upward, or defaults."""

    overrides: Mapping[str, Any]
    fixed: Settings | None = None

    def __call__(self, folder: str) -> Settings:
        """The settings of an absolute folder, the command line's on top; raises BadSettings."""
        found = self.fixed or _of_folder(folder) or Settings(root=os.getcwd())
        if self.fixed is None:
            found = replace(found, line_length=_line_length(folder))
        return found.with_overrides(self.overrides)


def settings_for(
    overrides: Mapping[str, Any], config: str | None = None, isolated: bool = False
) -> SettingsFor:
    """Where settings come from: `config` alone if given, defaults if `isolated`, else pyproject.toml."""
    _of_folder.cache_clear()
    _line_length.cache_clear()
    if isolated:
        return SettingsFor(overrides, Settings(root=os.getcwd()))
    return SettingsFor(overrides, read_config(config) if config else None)
