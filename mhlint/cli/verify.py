"""`mhlint verify`: run the user's own program as it is and as rewritten, and compare the gradients."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mhlint.proof.comparing import Differs, Equivalent
from mhlint.proof.launching import Place
from mhlint.proof.reporting import SIDE_EFFECTS, as_json, as_text
from mhlint.proof.verifying import Program, Rewrite, Verification, verify

EXIT_EQUIVALENT, EXIT_DIFFERS, EXIT_UNDECIDED = 0, 1, 2


def build_parser() -> argparse.ArgumentParser:
    """The options in front of the program; what follows `--` (or `-m`) is the program's own."""
    parser = argparse.ArgumentParser(
        prog="mhlint verify",
        usage="%(prog)s [options] -- SCRIPT [ARGS ...]\n       %(prog)s [options] -m MODULE [ARGS ...]",
        description="Run a program as it is and as mhlint rewrites it, and compare the gradients at each step.",
        epilog=f"Exit codes: 0 equivalent, 1 differs, 2 undecided. {SIDE_EFFECTS}",
    )
    parser.add_argument(
        "--steps", type=_positive, default=3, metavar="K", help="steps of each optimizer (default 3)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed set before the program starts (default 0)")
    parser.add_argument(
        "--nproc-per-node", type=_positive, metavar="N", help="start N ranks, as torchrun does"
    )
    parser.add_argument(
        "--after", metavar="PATH", help="compare with this file, or folder of files, instead of fixes"
    )
    parser.add_argument(
        "--unsafe-fixes", action="store_true", help="rewrite with fixes that guess what is meant too"
    )
    parser.add_argument("--fix-style", choices=("auto", "sum", "detach-reinject"), default="auto")
    parser.add_argument("--cwd", metavar="DIR", help="run the program in this folder")
    parser.add_argument(
        "--timeout", type=float, default=600.0, metavar="S", help="seconds for each run (default 600)"
    )
    parser.add_argument(
        "--python", default=sys.executable, metavar="EXE", help="the Python that runs the program"
    )
    parser.add_argument("--no-memory", action="store_true", help="do not count saved tensors: one run less")
    parser.add_argument("--output-format", choices=("text", "json"), default="text")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress line")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run `mhlint verify` with these arguments; gives the exit code."""
    parser = build_parser()
    options_part, program_part = split(argv)
    options = parser.parse_args(options_part)
    program = _program(program_part, parser)
    folder = Path(options.cwd) if options.cwd else Path.cwd()
    if not folder.is_dir():
        parser.error(f"--cwd: no such folder: {folder}")
    if options.after and not Path(options.after).exists():
        parser.error(f"--after: no such file or folder: {options.after}")
    if options.cwd and not program.module:
        program = replace(program, name=os.path.abspath(program.name))
    place = Place(options.python, str(folder.resolve()), options.nproc_per_node, options.timeout)
    rewrite = (
        _given(Path(options.after).resolve(), program)
        if options.after
        else _fixed(options.unsafe_fixes, options.fix_style)
    )
    show = _silent if options.quiet else _progress(options.steps)
    try:
        seen = verify(
            program,
            place,
            rewrite,
            show,
            steps=options.steps,
            seed=options.seed,
            memory=not options.no_memory,
        )
    except OSError as error:
        parser.error(f"{options.python} could not be started: {error.strerror or error}")
    finally:
        _clear(options.quiet)
    _print(seen, options.output_format)
    return exit_code(seen)


def exit_code(seen: Verification) -> int:
    """0 equivalent, 1 differs, 2 undecided."""
    if isinstance(seen.verdict, Equivalent):
        return EXIT_EQUIVALENT
    return EXIT_DIFFERS if isinstance(seen.verdict, Differs) else EXIT_UNDECIDED


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The options and the program with its arguments: parted at the first `--`, or else in front of the first `-m`."""
    arguments = list(argv)
    for mark in ("--", "-m"):
        if mark in arguments:
            at = arguments.index(mark)
            return arguments[:at], arguments[at + (mark == "--") :]
    return arguments, []


def _program(part: Sequence[str], parser: argparse.ArgumentParser) -> Program:
    if not part or (part[0] == "-m" and len(part) < 2):
        parser.error("say what to run: -- SCRIPT [ARGS ...], or -m MODULE [ARGS ...]")
    if part[0] == "-m":
        return Program(part[1], tuple(part[2:]), module=True)
    if not Path(part[0]).is_file():
        parser.error(f"no such file: {part[0]}")
    return Program(part[0], tuple(part[1:]))


def _fixed(unsafe: bool, style: str) -> Rewrite:
    """What mhlint's own fixes make of the files."""

    def rewrite(files: frozenset[str]) -> Mapping[str, bytes]:
        from mhlint.fixing import rewritten

        return rewritten(files, unsafe=unsafe, fix_style=style)

    return rewrite


def _given(after: Path, program: Program) -> Rewrite:
    """Files that were rewritten already: one for the program's own file, or a folder laid out like the program's."""

    def rewrite(files: frozenset[str]) -> Mapping[str, bytes]:
        if after.is_file():
            path = _main_file(files, program)
            return {path: after.read_bytes()} if path and _changed(path, after) else {}
        roots = [Path.cwd(), Path(program.name).resolve().parent]
        found: dict[str, bytes] = {}
        for file in sorted(files):
            for root in roots:
                relative = os.path.relpath(file, os.path.realpath(root))
                twin = after / relative
                if not relative.startswith(os.pardir) and twin.is_file():
                    if _changed(file, twin):
                        found[file] = twin.read_bytes()
                    break
        return found

    return rewrite


def _main_file(files: frozenset[str], program: Program) -> str | None:
    if not program.module:
        return os.path.realpath(program.name)
    ends = os.sep + program.name.replace(".", os.sep)
    return next(
        (one for one in sorted(files) if one.endswith((ends + ".py", f"{ends}{os.sep}__main__.py"))), None
    )


def _changed(file: str, other: Path) -> bool:
    return Path(file).read_bytes() != other.read_bytes()


def _progress(steps: int) -> Callable[[str, int], None]:
    def show(run: str, done: int) -> None:
        if sys.stderr.isatty():
            print(
                f"\r\033[Kmhlint verify: {run}, step {done} of {steps}", end="", file=sys.stderr, flush=True
            )
        elif done == 0:
            print(f"mhlint verify: running {run}", file=sys.stderr, flush=True)

    return show


def _silent(_run: str, _done: int) -> None:
    """No progress is shown."""


def _clear(quiet: bool) -> None:
    if not quiet and sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _print(seen: Verification, output_format: str) -> None:
    print(json.dumps(as_json(seen), indent=2) if output_format == "json" else as_text(seen))


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value
