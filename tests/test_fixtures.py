"""The programs of `fixtures/`: PyTorch is asked what they do, then the analyser, then its fixes are run."""

from __future__ import annotations

import contextlib
import io
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from fixture_programs import (  # noqa: E402
    FIXTURES,
    Expected,
    Mark,
    expected,
    findings_of,
    fixed_path,
    name_of,
    programs,
    read,
    safely_fixed,
)
from gradient_recording import Recording, largest_difference, record, rows_of  # noqa: E402

from mhlint.documents import Document  # noqa: E402

PROGRAMS = programs()
NOTEBOOK = FIXTURES / "second_backward.ipynb"
STYLES = ("auto", "sum", "detach-reinject")
# Gradients of the same mathematics in another order of additions, after a few steps of an optimizer.
TOLERANCE = {torch.float64: 1e-9, torch.float32: 2e-3}

each_program = pytest.mark.parametrize("path", PROGRAMS, ids=name_of)
needs_analyser = pytest.mark.skipif(
    find_spec("mhlint.analyse") is None,
    reason="mhlint.analyse is not there",
)


def test_the_set_is_large_and_balanced() -> None:
    """Wrong programs and right ones that look wrong, of every kind of training."""
    wrong = [path for path in PROGRAMS if expected(read(path).source).marks]
    assert len(wrong) >= 45
    assert len(PROGRAMS) - len(wrong) >= 30
    codes = {mark.code for path in wrong for mark in expected(read(path).source).marks}
    assert len(codes) >= 15


@each_program
def test_pytorch_agrees_with_the_comments(path: Path) -> None:
    """A program ends well, or with the error and at the statement that its comments say."""
    says = expected(read(path).source)
    run = record(path)
    if not says.raises:
        assert run.error is None, f"{run.rows}: {run.error}"
        return
    _assert_raised(run, says)


def _assert_raised(run: Recording, says: Expected) -> None:
    assert run.error is not None, "the program ran through"
    (where,) = says.raises
    assert any(text in str(run.error) for text in where.texts), run.error
    assert where.first <= run.rows[-1] <= where.last


@needs_analyser
@each_program
def test_the_analyser_agrees_with_the_comments(path: Path) -> None:
    """Exactly the codes that the comments expect, at exactly their statements."""
    _assert_reported(read(path))


@needs_analyser
def test_the_analyser_agrees_with_the_notebook() -> None:
    """Findings in the cell that raises, and in the one that reads a gradient too early."""
    _assert_reported(read(NOTEBOOK))


def _assert_reported(document: Document) -> None:
    from mhlint.rules import RULES

    marked = expected(document.source).marks
    marks = [mark for mark in marked if mark.code in RULES]
    found = [(finding.code, finding.place.start.row) for finding in findings_of(document)]
    unexpected = [(code, row) for code, row in found if not any(_covers(m, code, row) for m in marks)]
    missed = [m for m in marks if not any(_covers(m, code, row) for code, row in found)]
    assert (unexpected, missed) == ([], [])
    if absent := sorted({mark.code for mark in marked} - set(RULES)):
        pytest.skip(f"no rule yet: {', '.join(absent)}")


def _covers(mark: Mark, code: str, row: int) -> bool:
    return mark.code == code and mark.first <= row <= mark.last


@needs_analyser
@each_program
def test_safe_fixes_give_the_checked_in_program(path: Path, pytestconfig: pytest.Config) -> None:
    """The fixed program is the one that was reviewed; it compiles, and fixing it again changes nothing."""
    document = read(path)
    fixed = safely_fixed(document)
    kept = fixed_path(path)
    if pytestconfig.getoption("--update"):
        kept.unlink(missing_ok=True)
        if fixed.data != document.data:
            kept.write_bytes(fixed.data)
    if fixed.data == document.data:
        assert not kept.exists(), f"no safe fix gives {kept.name}"
        return
    assert kept.exists(), f"run pytest --update and read {kept.name}"
    assert fixed.source.text == kept.read_text(encoding="utf-8")
    compile(fixed.source.text, str(kept), "exec")
    repaired = {f.code for f in findings_of(document) if f.fix and f.fix.applicability.value == "safe"}
    assert not repaired & {finding.code for finding in findings_of(fixed)}


@needs_analyser
@pytest.mark.parametrize("style", STYLES)
@each_program
def test_safe_fixes_keep_every_gradient(path: Path, style: str, device: str, tmp_path: Path) -> None:
    """Each optimizer steps on the same gradients before and after, in both precisions.

    A program that raises has no gradients to keep; its reference is the same program, all graphs retained.
    """
    document = read(path)
    fixed = safely_fixed(document, style)
    if fixed.data == document.data:
        return
    for neighbour in path.parent.glob("*.py"):
        (tmp_path / neighbour.name).write_bytes(neighbour.read_bytes())
    after_path = tmp_path / path.name
    after_path.write_bytes(fixed.data)
    still_raises = bool(expected(fixed.source).raises) and any(
        finding.code.startswith("MHL1") for finding in findings_of(fixed)
    )
    for dtype, tolerance in TOLERANCE.items():
        before = record(path, dtype, device)
        if before.error is not None:
            before = record(path, dtype, device, retain=True)
        after = record(after_path, dtype, device)
        if still_raises:
            assert after.error is not None
            continue
        assert after.error is None, after.error
        if before.error is not None:
            # No flag brings back a gradient that was never collected: nothing to compare with.
            assert {mark.code for mark in expected(document.source).marks} == {"MHL104"}
            continue
        difference = largest_difference(before, after)
        assert difference.relative <= tolerance, (dtype, difference)


def test_recordings_tell_double_counting_apart(tmp_path: Path, device: str) -> None:
    """What compares gradients sees the heads' gradient sent on twice, and accepts equal mathematics."""
    head = (
        "import torch\ntorch.manual_seed(0)\n"
        "t = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())\n"
        "hs = torch.nn.ModuleList(torch.nn.Linear(4, 1) for _ in range(3))\n"
        "opt = torch.optim.SGD([*t.parameters(), *hs.parameters()], lr=0.1)\n"
        "z = t(torch.randn(5, 3))\n"
    )
    bodies = {
        "sum": "sum(h(z).pow(2).mean() for h in hs).backward()\n",
        "retained": "for h in hs: h(z).pow(2).mean().backward(retain_graph=True)\n",
        "plain": "for h in hs: h(z).pow(2).mean().backward()\n",
        "twice": "d = z.detach().requires_grad_()\nfor h in hs:\n    h(d).pow(2).mean().backward()\n"
        "    z.backward(d.grad, retain_graph=True)\n",
    }
    paths = {}
    for name, body in bodies.items():
        paths[name] = tmp_path / f"{name}.py"
        paths[name].write_text(head + body + "opt.step()\n")
    right = record(paths["sum"], torch.float64, device)
    assert len(right.steps) == 1

    def apart(name: str, retain: bool = False) -> float:
        return largest_difference(right, record(paths[name], torch.float64, device, retain)).relative

    assert apart("retained") < 1e-12
    assert apart("plain", retain=True) < 1e-12
    assert apart("twice") > 0.1
    assert apart("plain") == float("inf"), "it raises before its step"


def test_the_notebook_teaches_what_pytorch_does() -> None:
    """Its cells are run one by one: one raises, one warns, and each number in its text is what torch says."""
    source = read(NOTEBOOK).source
    says = expected(source)
    names: dict[str, Any] = {}
    raised: list[int] = []
    warned: list[int] = []
    gradients: list[Any] = []
    for cell in source.cells:
        lines = source.lines[cell.first_row - 1 : cell.first_row - 1 + cell.rows]
        # Empty lines in front: rows in a traceback are then those of the joined text.
        code = compile("\n" * (cell.first_row - 1) + "".join(lines), "notebook", "exec")
        with warnings.catch_warnings(record=True) as seen, contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("always")
            try:
                exec(code, names)
            except RuntimeError as error:
                assert any(text in str(error) for text in says.raises[0].texts)
                raised += rows_of(error, "notebook")
        warned += [warning.lineno for warning in seen if "not a leaf Tensor" in str(warning.message)]
        a = names["a"]
        gradients.append(None if a.grad is None else a.grad.clone())
    a = names["a"].detach()
    assert len(a) == 4
    assert [mark.first for mark in says.marks if mark.code == "MHL101"] == raised
    assert [mark.first for mark in says.marks if mark.code == "MHL304"] == warned
    before, once, failed, both, summed, *_ = gradients
    assert before is None
    assert torch.equal(once, a)
    assert torch.equal(failed, a)
    assert torch.equal(both, 5 * a)
    assert torch.equal(summed, 5 * a)
    assert torch.equal(names["from_d"], a)
    assert torch.equal(names["from_e"], 4 * a)
    assert names["too_early"] is None
    assert torch.equal(names["b"].grad, torch.full((4,), 0.5))
    assert all(parameter.is_leaf for parameter in names["layer"].parameters())
    assert torch.equal(names["layer"].weight.grad, a[None])
    assert torch.equal(names["layer"].bias.grad, torch.ones(1))
