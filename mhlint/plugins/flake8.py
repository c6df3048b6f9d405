"""The flake8 plugin: the findings of `mhlint check`, with its settings from pyproject.toml."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from functools import cache

import mhlint
from mhlint.check import Options, Plan, Plans
from mhlint.examining import examine
from mhlint.findings import Confidence
from mhlint.gate import passes
from mhlint.rules import RULES
from mhlint.selection import ignored_in_file
from mhlint.settings import BadSettings, settings_for
from mhlint.source import Source
from mhlint.suppressions import suppressions
from mhlint.syntax import Modules
from mhlint.unreadable import unreadable

Reported = tuple[int, int, str, type["Plugin"]]
_NO_NAME = ("", "-", "stdin", "<stdin>", "(none)")


@cache
def _plan(folder: str) -> Plan:
    """The plan of a folder: flake8 asks for each file, and reads them all in one go."""
    return Plans(Options(settings_for({}), RULES, cache=False)).of(os.path.join(folder, "file.py"))


@cache
def _modules() -> Modules:
    """The modules that the files of one run import."""
    return Modules()


class Plugin:
    """What flake8 makes for each file. flake8 sees to `# noqa` itself; `# mhlint: ignore` is seen to here."""

    name = "mhlint"
    version = mhlint.__version__

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self._text = "".join(lines)
        self._path = "-" if filename in _NO_NAME else os.path.abspath(filename)

    def run(self) -> Iterator[Reported]:
        """Yield (row, 0-based column, "CODE message", type)."""
        try:
            plan = _plan(os.path.dirname(self._path) or os.getcwd())
        except BadSettings as error:
            yield self._reported(1, 1, f"{unreadable('', '').code} settings: {error}")
            return
        data = self._text.encode("utf-8", "surrogatepass")
        if not passes(data, plan.needles, plan.guarded):
            return
        off = ignored_in_file(plan.settings, self._path, RULES)
        # The text is decoded already: a cookie in it no longer says what its bytes are.
        verdict = examine(plan.job(self._path, data), decoded=Source(self._path, self._text), modules=_modules())
        silences = suppressions(Source(self._path, self._text)) if verdict.findings else None
        for finding in sorted(verdict.findings):
            sure = plan.settings.confidence == "likely" or finding.confidence is Confidence.CERTAIN
            on = finding.code in plan.codes - off and finding.place.filename == self._path
            if sure and on and silences and not silences.silences(finding, only_ours=True):
                start = finding.place.start
                yield self._reported(start.row, start.column, f"{finding.code} {finding.message}")

    def _reported(self, row: int, column: int, text: str) -> Reported:
        return row, column - 1, text, type(self)
