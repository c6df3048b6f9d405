"""`mhlint COMMAND ...`: finds the command's module, and imports no other one."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import NoReturn

from mhlint import __version__
from mhlint.settings import BadSettings

COMMANDS = {
    "check": "find what is wrong, and mend it",
    "rule": "explain a rule",
    "witness": "write the short program that shows a finding",
    "verify": "run a program as it is and as rewritten, and compare gradients",
    "draw": "draw a training step",
    "server": "run the language server",
}


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"mhlint: error: {message} (see `{self.prog} --help`)\n")


def _parser(command: str) -> _Parser:
    parser = _Parser(
        prog="mhlint",
        description="Reads PyTorch training code and says what autograd will do with it.",
        allow_abbrev=False,
    )
    parser.add_argument("-V", "--version", action="version", version=f"mhlint {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name, summary in COMMANDS.items():
        if name != command and find_spec(f"mhlint.cli.{name}") is None:
            continue
        about = f"{summary[0].upper()}{summary[1:]}."
        # A program's own options stand behind `mhlint verify`: none may be taken for the beginning of another.
        sub = commands.add_parser(name, help=summary, description=about, allow_abbrev=False)
        if name == command:
            import_module(f"mhlint.cli.{name}").add_arguments(sub)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 0: nothing found, 1: findings, 2: could not run."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    named = next((word for word in given if not word.startswith("-")), "")
    command = named if named in COMMANDS and find_spec(f"mhlint.cli.{named}") else ""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            # Closed from outside (`>&-`): what is said goes nowhere, and the exit code tells.
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        parser = _parser(command)
        parsed = parser.parse_args(given)
        if not parsed.command:
            parser.print_help(sys.stderr)
            return 2
        status = int(import_module(f"mhlint.cli.{parsed.command}").run(parsed))
        sys.stdout.flush()
        return status
    except BadSettings as error:
        print(f"mhlint: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print("mhlint: interrupted", file=sys.stderr)
        # As a shell says it of what a signal ended: Ctrl-C gives 130, SIGTERM 143.
        return 128 + int(getattr(stop, "signal", signal.SIGINT))
    except BrokenPipeError:
        _let_go_of_stdout()
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"mhlint: error: {where}{error.strerror or error}", file=sys.stderr)
        _let_go_of_stdout()
        return 2


def _let_go_of_stdout() -> None:
    """Its reader has gone or its disk is full: nothing more can be said, not even at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
