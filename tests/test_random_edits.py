"""Sources edited at random: the analyser reads them or says why it cannot, and never breaks down."""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from collections.abc import Callable
from functools import cache
from keyword import iskeyword
from pathlib import Path

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from machine.case_files import CASES, read_cases

from mhlint.analyse import Request, analyse
from mhlint.check import Options, Outcome, recheck
from mhlint.documents import Document, edited, open_document
from mhlint.findings import Finding
from mhlint.fixing import FixPolicy, fix_files
from mhlint.rules import RULES
from mhlint.settings import Settings
from mhlint.source import Source

TESTS = Path(__file__).parent
QUICK = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
ALL_CODES = Request(frozenset(RULES))

Edit = Callable[[str, int, int], str]


@cache
def sources() -> tuple[str, ...]:
    files = [*sorted((TESTS.parent / "fixtures").rglob("*.py")), *sorted((TESTS / "reported").glob("*.py"))]
    cases = [case.source for path in sorted(CASES.glob("*.test")) for case in read_cases(path)]
    return (*(path.read_text(encoding="utf-8") for path in files), *cases)


@cache
def tokens(text: str) -> tuple[tuple[int, int], ...]:
    """Where each token of a text starts and ends."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found = tokenize.generate_tokens(io.StringIO(text).readline)
    return tuple(
        (starts[token.start[0] - 1] + token.start[1], starts[token.end[0] - 1] + token.end[1])
        for token in found
        if token.string.strip()
    )


def without_a_token(text: str, first: int, second: int) -> str:
    start, end = tokens(text)[first % len(tokens(text))]
    return text[:start] + text[end:]


def with_another_token(text: str, first: int, second: int) -> str:
    start, end = tokens(text)[first % len(tokens(text))]
    other = tokens(text)[second % len(tokens(text))]
    return text[:start] + text[slice(*other)] + text[end:]


def with_another_name(text: str, first: int, second: int) -> str:
    """A name of the source in the place of another: nearly always Python still, and a program that makes little sense."""  # noqa: E501
    names = [span for span in tokens(text) if text[slice(*span)].isidentifier() and not iskeyword(text[slice(*span)])]
    start, end = names[first % len(names)]
    return text[:start] + text[slice(*names[second % len(names)])] + text[end:]


def with_a_line_twice(text: str, first: int, second: int) -> str:
    lines = text.splitlines(keepends=True)
    lines.insert(second % (len(lines) + 1), lines[first % len(lines)])
    return "".join(lines)


def without_a_line(text: str, first: int, second: int) -> str:
    lines = text.splitlines(keepends=True)
    del lines[first % len(lines)]
    return "".join(lines)


def cut_off(text: str, first: int, second: int) -> str:
    return text[: first % len(text)]


def indented(text: str, first: int, second: int) -> str:
    lines = text.splitlines(keepends=True)
    start = first % len(lines)
    for row in range(start, min(start + 1 + second % 4, len(lines))):
        lines[row] = "    " + lines[row]
    return "".join(lines)


def dedented(text: str, first: int, second: int) -> str:
    lines = text.splitlines(keepends=True)
    start = first % len(lines)
    for row in range(start, min(start + 1 + second % 4, len(lines))):
        lines[row] = lines[row].removeprefix("    ")
    return "".join(lines)


EDITS: tuple[Edit, ...] = (
    without_a_token, with_another_token, with_another_name, with_a_line_twice, without_a_line, cut_off, indented, dedented  # noqa: E501
)  # fmt: skip


def check(text: str) -> None:
    """Only what Python itself refuses may be refused; findings stand in the file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(text)
        except (SyntaxError, ValueError):
            with pytest.raises((SyntaxError, ValueError)):
                analyse(Source("-", text), ALL_CODES)
            return
        rows = len(Source("-", text).lines)
        for finding in analyse(Source("-", text), ALL_CODES).findings:
            assert 1 <= finding.place.start.row <= rows
            assert finding.place.start <= finding.place.end


@given(st.data(), st.sampled_from(EDITS), st.integers(0, 100_000), st.integers(0, 100_000))
@settings(QUICK, max_examples=250)
def test_one_edit(data: st.DataObject, edit: Edit, first: int, second: int) -> None:
    text = data.draw(st.sampled_from(sources()))
    check(edit(text, first, second))


@given(st.data(), st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)), min_size=2, max_size=5))
@settings(QUICK, max_examples=150)
def test_lines_in_another_order(data: st.DataObject, places: list[tuple[int, int]]) -> None:
    text = data.draw(st.sampled_from(sources()))
    for first, second in places:
        text = with_a_line_twice(text, first, second)
        text = without_a_line(text, second, first)
        if not text:
            return
    check(text)


@given(st.data(), st.lists(st.tuples(st.integers(0, 100_000), st.integers(0, 100_000)), min_size=1, max_size=6))
@settings(QUICK, max_examples=150)
def test_names_in_other_places(data: st.DataObject, places: list[tuple[int, int]]) -> None:
    text = data.draw(st.sampled_from(sources()))
    for first, second in places:
        text = with_another_name(text, first, second)
    check(text)


@given(hypothesmith.from_grammar())
@settings(QUICK, max_examples=25)
def test_any_python(text: str) -> None:
    check("import torch\nloss.backward()\n" + text + "\nloss.backward()\n")


OPTIONS = Options(lambda path: Settings(), RULES, jobs=1, cache=False)
FORMS: tuple[Callable[[str], bytes], ...] = (
    lambda text: text.encode(),
    lambda text: text.replace("\n", "\r\n").encode(),
    lambda text: b"\xef\xbb\xbf" + text.encode(),
    lambda text: text.replace("    ", "\t").encode(),
    lambda text: text.rstrip("\n").encode(),
)


def fixed(document: Document, findings: list[Finding]) -> Document:
    """A file after all its fixes, the unsafe ones too, as `mhlint check --fix` makes them."""
    outcome = Outcome(tuple(findings), {document.source.path: document}, 1)
    changed = fix_files(outcome, OPTIONS, FixPolicy(unsafe=True))
    assert not [message for file in changed for message in file.messages]
    return changed[0].after if changed else document


def check_fixes(data: bytes) -> None:
    """Nothing outside of a fix's edits changes; what all fixes give can be read, and is fixed for good."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(data)
        except (SyntaxError, ValueError):
            return
        document = open_document("program.py", data)
        findings = recheck(document, OPTIONS)
        for finding in findings:
            if finding.fix is None or not finding.fix.edits:
                continue
            source = document.source
            first = source.offset(min(edit.start for edit in finding.fix.edits))
            last = len(source.text) - source.offset(max(edit.end for edit in finding.fix.edits))
            after = open_document("program.py", edited(document, [finding.fix.edits])).source.text
            assert after[:first] == source.text[:first]
            assert after[len(after) - last :] == source.text[len(source.text) - last :]
        after_all = fixed(document, findings)
        if not any(finding.fix and finding.fix.edits for finding in findings):
            assert after_all.data == data
        ast.parse(after_all.data)
        assert fixed(after_all, recheck(after_all, OPTIONS)).data == after_all.data


@given(st.data(), st.sampled_from(EDITS), st.integers(0, 100_000), st.integers(0, 100_000), st.sampled_from(FORMS))
@settings(QUICK, max_examples=30)
def test_fixes_of_edited_sources(
    data: st.DataObject, edit: Edit, first: int, second: int, form: Callable[[str], bytes]
) -> None:
    text = data.draw(st.sampled_from(sources()))
    check_fixes(form(edit(text, first, second)))


@given(hypothesmith.from_grammar())
@settings(QUICK, max_examples=8)
def test_fixes_beside_any_python(text: str) -> None:
    step = "z = net(x)\na, b = z.sum().exp(), z.mean().exp()\na.backward(retain_graph=True)\nb.backward()\n"
    check_fixes(("import torch\nnet = torch.nn.Linear(2, 2)\nx = torch.ones(1, 2)\n" + text + "\n" + step).encode())
