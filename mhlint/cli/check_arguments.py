"""The options of `mhlint check`, and the settings they override."""

from __future__ import annotations

import argparse
from typing import Any

from mhlint.settings import CONFIDENCES, FIX_STYLES, OUTPUT_FORMATS, PerFileIgnore


def names(text: str) -> tuple[str, ...]:
    """Names apart by commas or spaces."""
    return tuple(name for name in text.replace(",", " ").split() if name)


def _per_file(text: str) -> tuple[PerFileIgnore, ...]:
    """`pattern:CODE,CODE,pattern:CODE`, as ruff and flake8 read it."""
    pairs: list[tuple[str, list[str]]] = []
    for piece in (piece.strip() for piece in text.split(",") if piece.strip()):
        pattern, colon, code = piece.rpartition(":")
        if colon:
            pairs.append((pattern.strip(), [code.strip()]))
        elif pairs:
            pairs[-1][1].append(piece)
        else:
            raise argparse.ArgumentTypeError(f"expected PATTERN:CODE, not {text!r}")
    return tuple(PerFileIgnore(pattern, tuple(codes)) for pattern, codes in pairs)


def count(text: str) -> int:
    """A number from 1 up."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 up, not {text!r}")
    return int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `mhlint check` takes."""
    add = parser.add_argument
    add(
        "paths", nargs="*", metavar="PATH", help="files and folders (default: the current folder); - is stdin"
    )
    fixes = parser.add_argument_group("fixes")
    fixes.add_argument("--fix", action="store_true", help="make the safe fixes")
    fixes.add_argument("--fix-only", action="store_true", help="make the fixes and report nothing that is left")
    fixes.add_argument(
        "--unsafe-fixes",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="with --fix: make unsafe ones too",
    )
    fixes.add_argument("--diff", action="store_true", help="show what --fix would write, and write nothing")
    fixes.add_argument(
        "--prove", action="store_true", help="make only fixes that are proven by running both forms"
    )
    fixes.add_argument(
        "--emit-tests", metavar="DIR", help="write a test of each fix that is made to a folder"
    )
    fixes.add_argument("--fix-style", choices=FIX_STYLES, help="which rewrite is wanted where two are right")
    fixes.add_argument(
        "--exit-non-zero-on-fix", action="store_true", help="exit with 1 if anything was fixed"
    )
    fixes.add_argument(
        "--add-noqa", action="store_true", help="silence every finding by a `# noqa` on its line"
    )
    rules = parser.add_argument_group("rules")
    for name, words in (
        ("select", "rules to run, by code, prefix or name, or ALL"),
        ("ignore", "rules not to run"),
        ("extend-select", "rules to run on top of the others"),
        ("extend-ignore", "rules not to run on top of those that the settings ignore"),
    ):
        rules.add_argument(f"--{name}", type=names, action="extend", metavar="CODES", help=words)
    rules.add_argument(
        "--per-file-ignores",
        type=_per_file,
        action="extend",
        metavar="PATTERN:CODE",
        help="rules not to run in files",
    )
    rules.add_argument(
        "--confidence", choices=CONFIDENCES, help="the least sure findings to show (default: likely)"
    )
    rules.add_argument("--ignore-noqa", action="store_true", help="show silenced findings too")
    files = parser.add_argument_group("files and settings")
    for name, words in (
        ("exclude", "patterns not to check"),
        ("extend-exclude", "further patterns not to check"),
    ):
        files.add_argument(f"--{name}", type=names, action="extend", metavar="PATTERNS", help=words)
    flag = argparse.BooleanOptionalAction
    files.add_argument("--force-exclude", action=flag, default=None, help="exclude named files too")
    files.add_argument("--respect-gitignore", action=flag, default=None, help="leave out what git ignores")
    files.add_argument("--stdin-filename", metavar="NAME", help="the name of the file that stdin holds")
    files.add_argument("--config", metavar="FILE", help="a TOML file to take the settings from")
    files.add_argument("--isolated", action="store_true", help="read no settings from files")
    files.add_argument("--show-settings", action="store_true", help="print the settings and stop")
    files.add_argument(
        "--show-files", action="store_true", help="print the files that would be checked and stop"
    )
    files.add_argument("-n", "--no-cache", action="store_true", help="neither read nor write the cache")
    files.add_argument(
        "-j", "--jobs", type=count, metavar="N", help="processes to use (default: as many as help)"
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--output-format", choices=OUTPUT_FORMATS, help="how findings are written (default: text)"
    )
    output.add_argument(
        "-o", "--output-file", metavar="FILE", help="where they are written (default: stdout)"
    )
    output.add_argument("--statistics", action="store_true", help="show counts by rule instead")
    output.add_argument(
        "-e", "--exit-zero", action="store_true", help="exit with 0 even if there are findings"
    )
    output.add_argument("-q", "--quiet", action="store_true", help="findings only: no summary, no remarks")
    output.add_argument("-s", "--silent", action="store_true", help="say nothing: the exit code tells")
    output.add_argument("-v", "--verbose", action="store_true", help="say how many files were analysed")
    output.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)"
    )


def overrides(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that the command line gives; None for those it does not."""
    names = (
        "select ignore extend_select extend_ignore exclude extend_exclude per_file_ignores fix_style confidence "
        "output_format unsafe_fixes force_exclude respect_gitignore"
    )
    given = {name: getattr(args, name) for name in names.split()}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
