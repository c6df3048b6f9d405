"""The fixes as a libcst codemod.

Run it with `python -m libcst.tool codemod --no-format -x mhlint.plugins.codemod.FixCommand PATH`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

import libcst as cst
from libcst.codemod import CodemodCommand, CodemodContext, SkipFile

from mhlint.check import Options, check_files
from mhlint.files import Target
from mhlint.fixing import FixPolicy, fix_files
from mhlint.rules import RULES
from mhlint.settings import BadSettings, settings_for

_NO_NAME = "module.py"


class FixCommand(CodemodCommand):
    """Makes what `mhlint check --fix` makes, with the settings of pyproject.toml."""

    DESCRIPTION = "Rewrite PyTorch steps that walk one trunk several times, and what else mhlint can fix."

    @staticmethod
    def add_args(arg_parser: argparse.ArgumentParser) -> None:
        """Add the options of the command; they are those of `mhlint check`."""
        arg_parser.add_argument("--unsafe-fixes", action="store_true", help="make fixes that guess at intent")
        arg_parser.add_argument("--select", action="append", help="codes to fix, with commas between them")
        arg_parser.add_argument("--fix-style", choices=("auto", "sum", "detach-reinject"))

    def __init__(
        self,
        context: CodemodContext,
        unsafe_fixes: bool = False,
        select: Sequence[str] | None = None,
        fix_style: str | None = None,
    ) -> None:
        super().__init__(context)
        self._policy = FixPolicy(unsafe=unsafe_fixes)
        overrides: dict[str, object] = {}
        if select:
            overrides["select"] = tuple(
                code.strip() for part in select for code in part.split(",") if code.strip()
            )
        if fix_style:
            overrides["fix_style"] = fix_style
        self._overrides = overrides

    def transform_module_impl(self, tree: cst.Module) -> cst.Module:
        """The module with its fixes made; the same object where there is none. Raises SkipFile."""
        path = os.path.abspath(self.context.filename or _NO_NAME)
        data = tree.bytes
        options = Options(settings_for(self._overrides), RULES, jobs=1, cache=False)
        try:
            outcome = check_files([Target(path, True)], options, given={path: data})
            results = fix_files(outcome, options, self._policy)
        except BadSettings as error:
            raise SkipFile(str(error)) from None
        for result in results:
            self.warn_all(result.messages)
            if result.after.data != data:
                return cst.parse_module(result.after.data)
        return tree

    def warn_all(self, messages: Sequence[str]) -> None:
        """Pass on why fixes were not made."""
        for message in messages:
            self.warn(message)
