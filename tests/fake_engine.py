"""A stand-in for the analysis: it says what a line says, so that the rooms around it are tested alone.

`first.backward()` is silent; `again.backward()` is MHL101 with a safe fix; `maybe.backward()` is a likely
MHL201 with an unsafe fix; the fix of `chain.backward()` gives a line with another one; see `_LINES`.
"""

from __future__ import annotations

import re
import sys
import time
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple

from mhlint.findings import Applicability, Confidence, Edit, Finding, Fix, Place, Position, Related
from mhlint.rules.rule import Rule
from mhlint.source import Source

_CALL = re.compile(r"\b(\w+)\.backward\(")

# receiver -> (code, confidence, applicability or None, what the receiver becomes)
_LINES: dict[str, tuple[str, Confidence, Applicability | None, str]] = {
    "again": ("MHL101", Confidence.CERTAIN, Applicability.SAFE, "mended"),
    "maybe": ("MHL201", Confidence.LIKELY, Applicability.UNSAFE, "mended"),
    "chain": ("MHL101", Confidence.CERTAIN, Applicability.SAFE, "again"),
    "spoil": ("MHL101", Confidence.CERTAIN, Applicability.SAFE, "(((("),
    "forever": ("MHL101", Confidence.CERTAIN, Applicability.SAFE, "forever"),
    "person": ("MHL301", Confidence.CERTAIN, Applicability.DISPLAY, ""),
    "plain": ("MHL301", Confidence.CERTAIN, None, ""),
}
_NAMES = {"MHL101": "second-backward", "MHL201": "redundant-trunk-backward", "MHL301": "trunk-not-reinjected"}


class Request(NamedTuple):
    """What the real one takes."""

    codes: frozenset[str]
    backward_calls: tuple[str, ...] = ()
    fix_style: str = "auto"
    line_length: int = 0


class Analysis(NamedTuple):
    """What the real one gives."""

    findings: tuple[Finding, ...]
    modules: tuple[str, ...] = ()


def analyse(source: Source, request: Request, modules: object = None) -> Analysis:
    """Findings for the calls of `_LINES`; a few receivers make the analysis itself fail."""
    import ast

    ast.parse(source.text)
    if "crash.backward" in source.text:
        raise KeyError("a bug")
    if "deep.backward" in source.text:
        raise RecursionError
    if "hang.backward" in source.text:
        time.sleep(60)
    if "die.backward" in source.text:
        import os

        os._exit(7)
    found = []
    for row, line in enumerate(source.lines, 1):
        for call in _CALL.finditer(line):
            if call[1] in _LINES and not line.lstrip().startswith("#"):
                found.append(_finding(source, row, call))
    modules = tuple(re.findall(r"# reads (\S+)", source.text))
    return Analysis(tuple(item for item in found if item.code in request.codes), modules)


def _finding(source: Source, row: int, call: re.Match[str]) -> Finding:
    code, confidence, applicability, becomes = _LINES[call[1]]
    start, end = Position(row, call.start(1) + 1), Position(row, call.end(1) + 1)
    edits: tuple[Edit, ...] = ()
    if applicability is not Applicability.DISPLAY:
        edits = (Edit(becomes, start, end),)
        if call[1] == "forever":
            edits = (Edit("x = 1; forever", start, end),)
    return Finding(
        code=code,
        name=_NAMES[code],
        message=f"this walks {call[1]} a second time",
        place=Place(source.path, start, Position(row, call.end() + 2)),
        confidence=confidence,
        advice="sum the losses",
        when=("amp is on",) if confidence is Confidence.LIKELY else (),
        related=(Related("the graph is built here", Place(source.path, Position(1, 1), Position(1, 4))),),
        fix=Fix(applicability, "sum the losses", edits) if applicability else None,
    )


def _rule(code: str, default: bool = True) -> Rule:
    return Rule(
        code, _NAMES.get(code, "all-heads-in-memory"), "A rule.", (b"backward",), _find, "safe", default
    )


def _find(_runs: Any) -> tuple[Finding, ...]:
    return ()


RULES = {code: _rule(code, code != "MHL204") for code in ("MHL101", "MHL201", "MHL204", "MHL301")}


def install(patch: Any) -> None:
    """Put the stand-in where the real analysis and the real rules are."""
    for name in ("mhlint.cli.check", "mhlint.cli.rule", "mhlint.plugins.flake8"):
        # Loaded anew, they take the stand-in's rules; both places that know them get the real ones back.
        real, (parent, _, child) = import_module(name), name.rpartition(".")
        patch.setattr(sys.modules[parent], child, real)
        patch.delitem(sys.modules, name)
    engine = ModuleType("mhlint.analyse")
    engine.analyse, engine.Request, engine.Analysis = analyse, Request, Analysis  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "mhlint.analyse", engine)
    rules = sys.modules.get("mhlint.rules") or __import__("mhlint.rules").rules
    patch.setattr(rules, "RULES", RULES)
    real_page = rules.page
    patch.setattr(rules, "page", lambda code: f"What {code} is.\n" if code in RULES else real_page(code))
