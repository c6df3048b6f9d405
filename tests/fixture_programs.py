"""The programs of `fixtures/`, what their comments expect of the analyser, and the fixes it makes of them.

`# expect: CODE, CODE` stands on the statement that must be reported. MHL101 to MHL105 also say that the
program raises there; `# expect: CODE raises` says so for another code; `# raises: TEXT` names an error of
another kind.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mhlint.documents import Document, edited, open_document
from mhlint.findings import Applicability, Edit, Finding
from mhlint.source import Source

FIXTURES = Path(__file__).parent.parent / "fixtures"
EXPECT = re.compile(r"#\s*expect:\s*(?P<codes>MHL\d{3}(?:\s*,\s*MHL\d{3})*)(?P<raises>\s+raises)?")
RAISES = re.compile(r"#\s*raises:\s*(?P<text>.+?)\s*$")
SECOND_WALK = ("backward through the graph a second time",)
TEXTS = {
    "MHL101": SECOND_WALK,
    "MHL102": SECOND_WALK,
    "MHL103": ("modified by an inplace operation", "has been modified inplace"),
    "MHL104": ("grad can be implicitly created only for scalar outputs", "does not require grad"),
    "MHL302": SECOND_WALK,
}
_ROUNDS = 10


class Mark(NamedTuple):
    """A code that must be reported at a statement, given by its first and last row in the analysed text."""

    code: str
    first: int
    last: int


class Raise(NamedTuple):
    """The statement at which a run must end, and the texts one of which its error must hold."""

    first: int
    last: int
    texts: tuple[str, ...]


class Expected(NamedTuple):
    """What the comments of one file say."""

    marks: tuple[Mark, ...]
    raises: tuple[Raise, ...]


def programs(folder: Path = FIXTURES) -> list[Path]:
    """The Python programs of the fixtures, without the fixed ones."""
    return [path for path in sorted(folder.rglob("*.py")) if not path.name.endswith(".fixed.py")]


def name_of(path: Path) -> str:
    """A program's name below the fixtures' folder, as a test's id."""
    return path.relative_to(FIXTURES).with_suffix("").as_posix()


def fixed_path(path: Path) -> Path:
    """Where the result of the safe fixes of a program is kept."""
    return path.with_name(path.stem + ".fixed" + path.suffix)


def expected(source: Source) -> Expected:
    """What the comments of a source say."""
    statements = [node for node in ast.walk(ast.parse(source.text)) if isinstance(node, ast.stmt)]
    marks: list[Mark] = []
    raises: list[Raise] = []
    for row, line in enumerate(source.lines, 1):
        first, last = _innermost(statements, row)
        if found := EXPECT.search(line):
            codes = [code.strip() for code in found["codes"].split(",")]
            marks += [Mark(code, first, last) for code in codes]
            ending = [code for code in codes if code.startswith("MHL1") or found["raises"]]
            raises += [Raise(first, last, TEXTS[code]) for code in ending]
        if found := RAISES.search(line):
            raises.append(Raise(first, last, (found["text"],)))
    return Expected(tuple(marks), tuple(raises))


def _innermost(statements: list[ast.stmt], row: int) -> tuple[int, int]:
    spans = [(node.lineno, node.end_lineno or node.lineno) for node in statements]
    around = [span for span in spans if span[0] <= row <= span[1]]
    return min(around, key=lambda span: span[1] - span[0], default=(row, row))


def findings_of(document: Document, fix_style: str = "auto") -> tuple[Finding, ...]:
    """The findings in a document's own file of the rules that are on by default."""
    return _findings(document.source.path, document.data, fix_style)


@cache
def _findings(path: str, data: bytes, fix_style: str) -> tuple[Finding, ...]:
    # Kept, since several tests ask for the same analysis.
    from mhlint.analyse import Request, analyse
    from mhlint.rules import RULES

    codes = frozenset(rule.code for rule in RULES.values() if rule.default)
    found = analyse(open_document(path, data).source, Request(codes=codes, fix_style=fix_style)).findings
    return tuple(sorted(f for f in found if f.place.filename == path))


def read(path: Path) -> Document:
    """A fixture as the analyser reads it."""
    return open_document(str(path), path.read_bytes())


def safely_fixed(document: Document, fix_style: str = "auto") -> Document:
    """The document after safe fixes, made in rounds until none is left."""
    for _ in range(_ROUNDS):
        fixes = _apart(findings_of(document, fix_style))
        if not fixes:
            return document
        document = open_document(document.source.path, edited(document, fixes))
    raise AssertionError(f"{document.source.path}: still not at rest after {_ROUNDS} rounds of fixes")


def _apart(findings: tuple[Finding, ...]) -> list[tuple[Edit, ...]]:
    """The safe fixes, without those that overlap one that comes before them."""
    chosen: list[tuple[Edit, ...]] = []
    for finding in findings:
        fix = finding.fix
        if fix is None or fix.applicability is not Applicability.SAFE or not fix.edits:
            continue
        taken = [edit for edits in chosen for edit in edits]
        if all(new.end <= old.start or old.end <= new.start for new in fix.edits for old in taken):
            chosen.append(fix.edits)
    return chosen
