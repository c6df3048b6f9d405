"""The analyser under test, as a function from a path and a text to its findings."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import cache

from mhlint.findings import Finding
from mhlint.source import Source

from .comparison import CODES, Analyser


@cache
def analyser_or_reason() -> tuple[Analyser | None, str]:
    """The analyser, or None and why it cannot be imported."""
    try:
        module = importlib.import_module("mhlint.analyse")
    except ImportError as error:
        return None, str(error)

    def findings(path: str, text: str) -> Sequence[Finding]:
        analysis = module.analyse(Source(path, text), module.Request(codes=CODES))
        return tuple(analysis.findings)

    return findings, ""
