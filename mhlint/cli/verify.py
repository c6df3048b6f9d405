"""`mhlint verify`: run the user's own program as it is and as rewritten, and compare the gradients."""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mhlint.cli.check_arguments import count, names
from mhlint.proof.comparing import Differs, Equivalent
from mhlint.proof.launching import Place
from mhlint.proof.reporting import SIDE_EFFECTS, as_json, as_text
from mhlint.proof.verifying import Program, Rewrite, Verification, verify
from mhlint.settings import FIX_STYLES, BadSettings

_LAUNCHERS = ("python", "torchrun", "accelerate", "deepspeed")
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
# A run of a program takes longer than a file may take `check`; so may the look at its files.
_LOOK_S = 120.0
EXIT_EQUIVALENT, EXIT_DIFFERS, EXIT_UNDECIDED = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `mhlint verify` takes; all that follows the script or the module is the program's own."""
    parser.usage = "mhlint verify [options] -- SCRIPT [ARGS ...] | mhlint verify [options] -m MODULE [ARGS ...]"
    parser.epilog = f"Exit codes: 0 equivalent, 1 differs, 2 undecided. {SIDE_EFFECTS.replace('ran', 'runs', 1)}"
    add = parser.add_argument
    add("program", nargs=argparse.REMAINDER, metavar="SCRIPT ...", help="the program and its arguments")
    add("-m", dest="module", nargs=argparse.REMAINDER, metavar="MODULE ...", help="a module, as in python -m")
    add("--steps", type=count, default=3, metavar="K", help="steps of each optimizer (default: 3)")
    add("--seed", type=_seed, default=0, help="the seed set before the program starts (default: 0)")
    add("--nproc-per-node", type=count, metavar="N", help="start N ranks, as torchrun does")
    add("--after", metavar="PATH", help="run this file, or this folder's files, as the rewritten program")
    add("--unsafe-fixes", action="store_true", help="rewrite with fixes that guess what is meant too")
    add("--select", type=names, action="extend", metavar="CODES", help="fix what these rules find")
    add("--extend-select", type=names, action="extend", metavar="CODES", help="and what these find")
    add("--ignore", type=names, action="extend", metavar="CODES", help="but not what these find")
    add("--fix-style", choices=FIX_STYLES, help="(default: as configured)")
    add("--cwd", metavar="DIR", help="run the program in this folder")
    add("--timeout", type=_seconds, default=600.0, metavar="S", help="seconds for each run (default: 600)")
    add("--python", default=sys.executable, metavar="EXE", help="the Python that runs the program")
    add("--no-memory", action="store_true", help="do not count saved tensors: one run less")
    add("--output-format", choices=("text", "json"), default="text", help="(default: text)")
    add("-q", "--quiet", action="store_true", help="no progress line")


def run(args: argparse.Namespace) -> int:
    """Run the command; raises settings.BadSettings for what cannot be run."""
    program = _program(args)
    python = shutil.which(args.python)
    if python is None:
        raise BadSettings(f"--python {args.python}: cannot be run")
    if args.cwd and not Path(args.cwd).is_dir():
        raise BadSettings(f"--cwd {args.cwd}: no such folder")
    if args.after and not Path(args.after).exists():
        raise BadSettings(f"--after {args.after}: no such file or folder")
    place = Place(python, str(Path(args.cwd or ".").resolve()), args.nproc_per_node, args.timeout)
    unread: dict[str, str] = {}
    rewrite = _given(Path(args.after), program) if args.after else _fixed(args, args.unsafe_fixes, unread)
    show = _silent if args.quiet else _progress(args.steps)
    # nohup's wish that a closed terminal end nothing is kept.
    wanted = [one for one in _ENDING if signal.getsignal(one) is not signal.SIG_IGN]
    before = [(one, signal.signal(one, _ended)) for one in wanted]
    try:
        seen = verify(program, place, rewrite, show, steps=args.steps, seed=args.seed, memory=not args.no_memory)
    finally:
        for one, handler in before:
            signal.signal(one, handler)
        if not args.quiet and sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)
    seen = replace(seen, notes=(*seen.notes, *(f"{path} {message}" for path, message in unread.items())))
    if not (args.after or args.unsafe_fixes or seen.changed or seen.before.failure) and seen.before.steps:
        seen = _with_hint(seen, args)
    print(json.dumps(as_json(seen), indent=2) if args.output_format == "json" else as_text(seen))
    return exit_code(seen)


class Ended(KeyboardInterrupt):
    """A signal that asks mhlint to end; `signal` is its number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = number


def _ended(number: int, _: object) -> None:
    """What ends mhlint ends the program too, which runs in a session of its own."""
    raise Ended(number)


def _with_hint(seen: Verification, args: argparse.Namespace) -> Verification:
    """Where only fixes that guess what is meant could rewrite the program, a note says so."""
    changed = len(_fixed(args, True, {})(seen.before.files))
    if not changed:
        return seen
    note = f"--unsafe-fixes would rewrite {changed if changed > 1 else 'one'} of them"
    return replace(seen, notes=(*seen.notes, note))


def exit_code(seen: Verification) -> int:
    """0 equivalent, 1 differs, 2 undecided."""
    if isinstance(seen.verdict, Equivalent):
        return EXIT_EQUIVALENT
    return EXIT_DIFFERS if isinstance(seen.verdict, Differs) else EXIT_UNDECIDED


def _program(args: argparse.Namespace) -> Program:
    words: Sequence[str] = args.program[args.program[:1] == ["--"] :]
    module: Sequence[str] = words[1:] if words[:1] == ["-m"] else args.module or ()
    if module:
        return Program(module[0], tuple(module[1:]), module=True)
    if not words:
        raise BadSettings("what is to be run? give -- SCRIPT [ARGS ...], or -m MODULE [ARGS ...]")
    if not Path(words[0]).is_file() or _starts_programs(words[0]) or words[0].endswith(".ipynb"):
        raise BadSettings(f"{words[0]}: {_not_a_script(words)}")
    return Program(os.path.abspath(words[0]) if args.cwd else words[0], tuple(words[1:]))


def _starts_programs(word: str) -> bool:
    name = Path(word).name
    return name.startswith(_LAUNCHERS) and not name.endswith(".py") and shutil.which(word) is not None


def _not_a_script(words: Sequence[str]) -> str:
    if _starts_programs(words[0]):
        script = next((word for word in words[1:] if word.endswith(".py")), "SCRIPT")
        return f"mhlint starts the program itself: give -- {script} ... (--python and --nproc-per-node say how)"
    if Path(words[0]).is_dir():
        return "is a folder; give a script, or -m MODULE"
    return "is a notebook; give a script made of it" if Path(words[0]).is_file() else "no such file"


def _fixed(args: argparse.Namespace, unsafe: bool, unread: dict[str, str]) -> Rewrite:
    """What mhlint's own fixes make of the files that the program loads; raises BadSettings for unknown rules.

    `unread` is told which of them could not be analysed, and why.
    """
    from mhlint.rules import RULES
    from mhlint.selection import UNREADABLE, check_selectors

    chosen = {key: getattr(args, key) and tuple(getattr(args, key)) for key in ("select", "extend_select", "ignore")}
    for key, selectors in chosen.items():
        check_selectors(selectors or (), RULES, f"--{key.replace('_', '-')}")

    def rewrite(files: frozenset[str]) -> Mapping[str, bytes]:
        from mhlint.check import Options, check_files
        from mhlint.files import Target
        from mhlint.fixing import FixPolicy, fix_files
        from mhlint.settings import settings_for

        wanted = {"unsafe_fixes": unsafe or None, "fix_style": args.fix_style, **chosen}
        options = Options(settings_for(wanted), RULES, cache=False, limit_s=_LOOK_S)
        outcome = check_files([Target(path, True) for path in sorted(files)], options)
        unread.update((one.place.filename, one.message) for one in outcome.findings if one.code == UNREADABLE)
        fixed = fix_files(outcome, options, FixPolicy(unsafe))
        return {one.before.source.path: one.after.data for one in fixed if one.after.data != one.before.data}

    return rewrite


def _given(after: Path, program: Program) -> Rewrite:
    """Files that were rewritten already: one for the program's own file, or a folder laid out like it."""

    def rewrite(files: frozenset[str]) -> Mapping[str, bytes]:
        if after.is_file():
            path = _main_file(files, program)
            pairs = [(path, after)] if path else []
        else:
            roots = [os.getcwd(), os.path.dirname(os.path.realpath(program.name))]
            pairs = [(file, twin) for file in sorted(files) if (twin := _twin(file, after, roots))]
        texts = {file: twin.read_bytes() for file, twin in pairs}
        return {file: text for file, text in texts.items() if text != Path(file).read_bytes()}

    return rewrite


def _twin(file: str, after: Path, roots: Sequence[str]) -> Path | None:
    """The file of the folder `after` that lies there as `file` lies in one of the roots."""
    for root in roots:
        relative = os.path.relpath(file, os.path.realpath(root))
        if not relative.startswith(os.pardir) and (after / relative).is_file():
            return after / relative
    return None


def _main_file(files: frozenset[str], program: Program) -> str | None:
    if not program.module:
        return os.path.realpath(program.name)
    ends = os.sep + program.name.replace(".", os.sep)
    ways = (f"{ends}.py", f"{ends}{os.sep}__main__.py")
    return next((one for one in sorted(files) if one.endswith(ways)), None)


def _progress(steps: int) -> Callable[[str, int], None]:
    def show(run: str, done: int) -> None:
        if sys.stderr.isatty():
            text = f"mhlint verify: {run}, step {done} of about {steps}"
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
        elif done == 0:
            print(f"mhlint verify: running {run}", file=sys.stderr, flush=True)

    return show


def _silent(_run: str, _done: int) -> None:
    """No progress is shown."""


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 2**63 - 1, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, not {text!r}")
    return seconds
