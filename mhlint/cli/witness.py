"""`mhlint witness FILE:LINE`: the short program that shows a finding, or that proves its fix."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from mhlint.check import read_bytes
from mhlint.decoding import Unreadable
from mhlint.documents import Document, edited, open_document
from mhlint.findings import Finding
from mhlint.settings import BadSettings

SHOWN, NOT_AS_PREDICTED, CANNOT = 0, 1, 2
_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<cell>\d+))?:(?P<row>\d+)(?::\d+)?")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `mhlint witness` takes."""
    parser.epilog = "Exit codes: 0 shown, 1 not as predicted, 2 no program can be written or run."
    add = parser.add_argument
    add("place", metavar="FILE:LINE", help="where the finding stands; FILE.ipynb:CELL:LINE in a notebook")
    add("--code", metavar="CODE", help="the finding's code, where a line has several")
    add("--fix", action="store_true", help="the program that runs the step before and after the fix")
    add("--run", action="store_true", help="run the program (needs torch) and say what became of it")
    add("-o", dest="output", metavar="OUT.py", help="write the program there")
    add("--device", choices=("cpu", "cuda"), default="cpu", help="where both versions run (default: cpu)")
    add("--timeout", type=float, default=60.0, metavar="S", help="seconds for the run (default: 60)")


def run(args: argparse.Namespace) -> int:
    """Write the witness; raises settings.BadSettings with the reason where there is none."""
    from mhlint.proof.witness_traces import NoWitness

    document, rows = _place(args.place)
    finding = _finding(document, rows, args.code, args.place)
    try:
        text, errors, exit_code = _program(document, finding, args.fix, args.device)
    except NoWitness as reason:
        raise BadSettings(f"{args.place}: {reason}") from None
    if args.output:
        try:
            with open(args.output, "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise BadSettings(f"{args.output}: {error.strerror or error}") from None
    elif not args.run:
        print(text, end="")
    return _run(text, errors, exit_code, args.timeout) if args.run else SHOWN


def _place(word: str) -> tuple[Document, range]:
    found = _PLACE.fullmatch(word)
    if found is None:
        raise BadSettings(f"{word}: give a file and a line, as FILE:LINE")
    path = found["path"]
    try:
        document = open_document(path, read_bytes(path))
    except OSError as error:
        raise BadSettings(f"{path}: {error.strerror or error}") from None
    except (Unreadable, ValueError) as error:
        raise BadSettings(f"{path}: {error}") from None
    row = int(found["row"])
    if found["cell"]:
        cells = {cell.number: cell for cell in document.source.cells}
        if int(found["cell"]) not in cells:
            raise BadSettings(f"{path}: there is no code cell {found['cell']}")
        row += cells[int(found["cell"])].first_row - 1
    try:
        return document, _statement(document.source.text, row)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadSettings(f"{path} cannot be parsed: {error}") from None


def _statement(text: str, row: int) -> range:
    """The rows of the innermost statement around a row."""
    import ast

    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(text.removeprefix("\ufeff")))
        if isinstance(node, ast.stmt) and node.lineno <= row <= (node.end_lineno or node.lineno)
    ]
    first, last = min(spans, key=lambda span: span[1] - span[0], default=(row, row))
    return range(first, last + 1)


def _finding(document: Document, rows: range, code: str | None, word: str) -> Finding:
    from mhlint.analyse import Request, analyse
    from mhlint.rules import RULES

    if code is not None and code.upper() not in RULES:
        raise BadSettings(f"unknown rule {code!r}")
    codes = frozenset(RULES) if code is None else frozenset({code.upper()})
    try:
        findings = analyse(document.source, Request(codes)).findings
    except (SyntaxError, ValueError, RecursionError) as error:
        raise BadSettings(f"{word}: {error}") from None
    own = [one for one in findings if one.place.filename == document.source.path]
    found = [one for one in own if one.place.start.row in rows]
    if not found:
        near = ", ".join(sorted({str(one.place.start.row) for one in own}, key=int))
        what = f"no finding {code.upper()}" if code else "no finding"
        raise BadSettings(f"{word}: {what} at this line" + (f" (there are some at {near})" if near else ""))
    return _shown_first(found)


def _shown_first(found: Sequence[Finding]) -> Finding:
    from mhlint.proof.witness_program import SHOWN_CODES

    return min(found, key=lambda one: (one.code not in SHOWN_CODES, one))


def _program(document: Document, finding: Finding, fix: bool, device: str) -> tuple[str, tuple[str, ...], int]:
    from mhlint.proof.witness_program import write_witness
    from mhlint.proof.witness_traces import NoWitness, runs_of

    if not fix:
        witness = write_witness(runs_of(document.source), finding, device)
        return witness.text, witness.errors, witness.exit_code
    if finding.fix is None or not finding.fix.edits:
        raise NoWitness(f"{finding.code} has no fix here")
    from mhlint.proof.static_proof import AfterRaises, matched_paths
    from mhlint.proof.witness_pair import pair_program

    after = open_document(document.source.path, edited(document, [finding.fix.edits]))
    try:
        pair = matched_paths(document.source, after.source, finding)[0].pair
    except AfterRaises as reason:
        raise NoWitness(str(reason)) from None
    return pair_program(pair, device), (), 0


def _run(text: str, errors: tuple[str, ...], exit_code: int, timeout: float) -> int:
    from importlib.util import find_spec

    from mhlint.proof.witnessing import run_witness

    if find_spec("torch") is None:
        raise BadSettings("--run needs torch (pip install 'mhlint[proof]')")
    result = run_witness(text, timeout)
    if result.timed_out:
        raise BadSettings(result.message)
    print(result.stdout, end="")
    if errors:
        said = result.message.splitlines()[0] if result.message else ""
        if any(error in result.message for error in errors):
            print(f"raised as predicted: {said}")
            return SHOWN
        print(f"not as predicted: {f'{result.raised}: {said}' if result.raised else 'it ran to its end'}")
        return NOT_AS_PREDICTED
    if result.raised:
        print(f"not as predicted: {result.raised}: {result.message.splitlines()[0]}")
        return NOT_AS_PREDICTED
    return SHOWN if result.exit_code == exit_code else NOT_AS_PREDICTED
