"""Programs of the kinds that people report: PyTorch is asked first, then the analyser.

A program is a file of `reported/`, or a folder there whose entry is `main.py` (run as a module when the
folder is a package). A comment `# expect: CODE, CODE` stands on the line that must be reported; a program
without one is right.
"""

from __future__ import annotations

import ast
import contextlib
import io
import itertools
import random
import re
import runpy
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

torch = pytest.importorskip("torch")

REPORTED = Path(__file__).parent / "reported"
STUBS = Path(__file__).parent / "reported_stubs"
EXPECT = re.compile(r"#\s*expect:\s*(MHL\d{3}(?:\s*,\s*MHL\d{3})*)")
TEXTS = {
    "MHL101": ("backward through the graph a second time",),
    "MHL102": ("backward through the graph a second time",),
    "MHL103": ("modified by an inplace operation", "has been modified inplace"),
    "MHL104": ("grad can be implicitly created only for scalar outputs", "does not require grad"),
    "MHL105": ("Expected to mark a variable ready only once",),
}
CODES = frozenset(
    [*TEXTS, "MHL201", "MHL202", "MHL203", "MHL301", "MHL302", "MHL303", "MHL304", "MHL305", "MHL306"]
)
# (file below reported/, code): marks that the analyser does not find yet; each is asserted to be missed.
KNOWN_MISSES: tuple[tuple[str, str], ...] = ()


class Mark(NamedTuple):
    """A code that must be reported in a file at a statement, given by its first and last row."""

    file: str
    code: str
    first: int
    last: int


class Program(NamedTuple):
    """One program: its name, the file that is run, whether it is run as a module, and all its files."""

    name: str
    entry: Path
    as_module: bool
    files: tuple[Path, ...]


class Report(NamedTuple):
    """A finding of the analyser: file, code and first row."""

    file: str
    code: str
    row: int


class Outcome(NamedTuple):
    """How a run ended: the text of its error, and the program's own row that asked for the walk."""

    error: str
    file: str
    row: int


def programs() -> list[Program]:
    found = [Program(path.stem, path, False, (path,)) for path in sorted(REPORTED.glob("*.py"))]
    for folder in sorted(path for path in REPORTED.iterdir() if (path / "main.py").exists()):
        files = tuple(sorted(folder.rglob("*.py")))
        found.append(Program(folder.name, folder / "main.py", (folder / "__init__.py").exists(), files))
    return found


PROGRAMS = programs()


def relative(path: str | Path) -> str:
    return Path(path).resolve().relative_to(REPORTED.resolve()).as_posix()


def innermost_statement(tree: ast.Module, row: int) -> tuple[int, int]:
    spans = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= row <= (node.end_lineno or node.lineno)
    ]
    return min(spans, key=lambda span: span[1] - span[0])


def marks(program: Program) -> list[Mark]:
    found = []
    for path in program.files:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        for row, line in enumerate(text.splitlines(), 1):
            if match := EXPECT.search(line):
                first, last = innermost_statement(tree, row)
                codes = (code.strip() for code in match.group(1).split(","))
                found += [Mark(relative(path), code, first, last) for code in codes]
    return found


def raising(program: Program) -> list[Mark]:
    return [mark for mark in marks(program) if mark.code in TEXTS]


@contextlib.contextmanager
def own_interpreter_state(program: Program) -> Iterator[None]:
    path, modules, arguments = list(sys.path), set(sys.modules), sys.argv
    sys.path[:0] = [str(REPORTED if program.as_module else program.entry.parent), str(STUBS)]
    sys.argv = [program.entry.name]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random.seed(0)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.path[:], sys.argv = path, arguments
        for name in set(sys.modules) - modules:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if name == program.name or origin.startswith((str(REPORTED), str(STUBS))):
                del sys.modules[name]
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        torch.autograd.set_detect_anomaly(False)
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)


def own_frame(error: BaseException, files: tuple[Path, ...]) -> traceback.FrameSummary:
    """The program's innermost frame outside the walk: a custom Function's backward runs inside of it."""
    frames = traceback.extract_tb(error.__traceback__)
    outside = itertools.takewhile(lambda frame: frame.name != "_engine_run_backward", frames)
    own = {str(path) for path in files}
    return [frame for frame in outside if frame.filename in own][-1]


def outcome(program: Program) -> Outcome:
    with own_interpreter_state(program):
        try:
            if program.as_module:
                runpy.run_module(f"{program.name}.main", run_name="__main__", alter_sys=True)
            else:
                runpy.run_path(str(program.entry), run_name="__main__")
        except RuntimeError as error:
            frame = own_frame(error, program.files)
            return Outcome(str(error), relative(frame.filename), frame.lineno or 0)
    return Outcome("", "", 0)


def test_the_set_is_large_and_balanced() -> None:
    raisers = [program for program in PROGRAMS if raising(program)]
    assert len(PROGRAMS) >= 120
    assert len(raisers) >= 75
    assert len(PROGRAMS) - len(raisers) >= 45
    assert sum(len(program.files) > 1 for program in PROGRAMS) >= 15


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_pytorch_agrees_with_the_marks(program: Program) -> None:
    expected = raising(program)
    assert len(expected) <= 1, "a run ends at its first error, so a program has one such mark at most"
    seen = outcome(program)
    if not expected:
        assert not seen.error, f"{seen.file}:{seen.row}: {seen.error}"
        return
    (mark,) = expected
    assert seen.error, f"{mark.file}:{mark.first} should raise, and the program ran through"
    assert any(text in seen.error for text in TEXTS[mark.code]), seen.error
    assert seen.file == mark.file
    assert mark.first <= seen.row <= mark.last


RETAINING = [program for program in PROGRAMS if {"MHL201", "MHL203"} & {mark.code for mark in marks(program)}]


@pytest.mark.parametrize("program", RETAINING, ids=lambda program: program.name)
def test_a_retained_graph_is_needed_exactly_where_it_is_walked_again(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = torch.Tensor.backward

    def never_retain(tensor: Any, *_: object, **__: object) -> None:
        original(tensor)

    monkeypatch.setattr(torch.Tensor, "backward", never_retain)
    (mark,) = marks(program)
    seen = outcome(program)
    if mark.code == "MHL203":
        assert not seen.error
        return
    assert TEXTS["MHL101"][0] in seen.error
    assert seen.file == mark.file
    assert mark.first <= seen.row <= mark.last


def reported(program: Program) -> set[Report]:
    try:
        from mhlint.analyse import Request, analyse
    except ModuleNotFoundError as missing:
        pytest.skip(f"the analyser's entry is not there: {missing}")
    from mhlint.source import Source

    found = set()
    for path in program.files:
        with path.open(encoding="utf-8", newline="") as file:
            source = Source(str(path), file.read())
        for finding in analyse(source, Request(codes=CODES)).findings:
            found.add(Report(relative(finding.place.filename), finding.code, finding.place.start.row))
    return found


def answers(report: Report, mark: Mark) -> bool:
    return (report.file, report.code) == (mark.file, mark.code) and mark.first <= report.row <= mark.last


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_the_analyser_agrees_with_the_marks(program: Program) -> None:
    seen, expected = reported(program), marks(program)
    raises = [report for report in sorted(seen) if report.code.startswith("MHL1")]
    assert not [report for report in raises if not any(answers(report, mark) for mark in expected)]
    missed = [mark for mark in expected if not any(answers(report, mark) for report in seen)]
    known = [mark for mark in expected if (mark.file, mark.code) in KNOWN_MISSES]
    assert missed == known


def test_known_misses_name_marks_that_exist() -> None:
    all_marks = {(mark.file, mark.code) for program in PROGRAMS for mark in marks(program)}
    assert set(KNOWN_MISSES) <= all_marks
