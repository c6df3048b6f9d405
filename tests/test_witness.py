"""Witnesses and proofs: generated programs are run on PyTorch and must do what was predicted."""

from __future__ import annotations

import ast
import contextlib
import io
import traceback
import warnings
from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

torch = pytest.importorskip("torch")

from mhlint.cli.main import main  # noqa: E402
from mhlint.findings import Finding  # noqa: E402
from mhlint.proof.comparing import Differs, Equivalent, Undecided, Verdict  # noqa: E402
from mhlint.proof.static_proof import AfterRaises, emit_test, matched_paths, prove_fix, read_verdict  # noqa: E402
from mhlint.proof.witness_pair import pair_program  # noqa: E402
from mhlint.proof.witness_program import Witness, write_witness  # noqa: E402
from mhlint.proof.witness_traces import NoWitness, runs_of  # noqa: E402
from mhlint.proof.witnessing import WitnessResult  # noqa: E402
from mhlint.rules import RULES  # noqa: E402
from mhlint.source import Source  # noqa: E402

TESTS = Path(__file__).parent
FOLDERS = (TESTS.parent / "fixtures", TESTS / "reported")
RAISING = ("MHL101", "MHL102", "MHL103", "MHL104")
# (file, code): findings whose witness does not raise as predicted, with the reason beside each.
CANNOT_RAISE: tuple[tuple[str, str], ...] = ()


class Ended(NamedTuple):
    """How a program ended: its exit code, the text of its error, the row of it that raised, what it printed."""

    code: int
    error: str
    row: int
    output: str


def execute(text: str) -> Ended:
    """Run a generated program in this process: much faster than a process for each."""
    output, threads = io.StringIO(), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with contextlib.redirect_stdout(output), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(text, "witness.py", "exec"), {"__name__": "__main__"})
    except SystemExit as end:
        return Ended(int(end.code or 0), "", 0, output.getvalue())
    except RuntimeError as error:
        rows = [f.lineno or 0 for f in traceback.extract_tb(error.__traceback__) if f.filename == "witness.py"]
        return Ended(1, str(error), rows[-1], output.getvalue())
    finally:
        torch.set_num_threads(threads)
    return Ended(0, "", 0, output.getvalue())


def files() -> list[Path]:
    found = [path for folder in FOLDERS for path in sorted(folder.rglob("*.py"))]
    return [path for path in found if not path.name.endswith(".fixed.py")]


def as_source(path: Path) -> Source:
    with path.open(encoding="utf-8", newline="") as file:
        return Source(str(path), file.read())


@cache
def witnesses(path: Path) -> tuple[tuple[Finding, Witness | str], ...]:
    """The findings of a file that have a witness, each with it, or with why there is none."""
    source = as_source(path)
    if "backward" not in source.text:
        return ()
    runs = runs_of(source)
    found: list[tuple[Finding, Witness | str]] = []
    for code in (*RAISING, "MHL201", "MHL203"):
        for finding in RULES[code].find(runs):
            try:
                found.append((finding, write_witness(runs, finding)))
            except NoWitness as reason:
                found.append((finding, str(reason)))
    return tuple(found)


def test_every_finding_of_a_raise_has_a_witness_that_raises_the_same() -> None:
    wrong, counts = [], Counter[str]()
    for path in files():
        for finding, witness in witnesses(path):
            if finding.code not in RAISING:
                continue
            counts[finding.code] += 1
            name = (path.name, finding.code)
            if isinstance(witness, str):
                wrong.append((*name, witness))
                continue
            ended = execute(witness.text)
            last = len(witness.text.splitlines())
            if not any(text in ended.error for text in witness.errors) or ended.row != last:
                wrong.append((*name, f"{ended.error[:80]!r} at its line {ended.row} of {last}"))
    assert [one for one in wrong if one[:2] not in CANNOT_RAISE] == []
    assert {one[:2] for one in wrong} == set(CANNOT_RAISE)
    assert all(counts[code] >= 5 for code in RAISING), counts


def test_witnesses_of_needless_walks_and_flags_show_equal_gradients() -> None:
    wrong, shown = [], 0
    for path in files():
        for finding, witness in witnesses(path):
            if finding.code in RAISING:
                continue
            shown += 1
            ended = Ended(2, witness, 0, "") if isinstance(witness, str) else execute(witness.text)
            if ended.code or "\nequivalent: " not in ended.output:
                wrong.append((path.name, finding.code, ended.output[-200:] or ended.error))
    assert wrong == []
    assert shown >= 20


def test_the_witness_of_a_repeated_walk_counts_the_walks_of_the_trunk() -> None:
    ended = execute(_witness(STEP.format(walks=RETAINED), "MHL201").text)
    walks = [line.split()[-2:] for line in ended.output.splitlines() if line.startswith("walks of trunk")]
    assert walks and all(counts == ["2", "1"] for counts in walks)


def test_only_the_flag_of_the_finding_is_left_out() -> None:
    walks = RETAINED.replace("b.backward()", "b.backward(retain_graph=True)")
    witness = _witness(STEP.format(walks=walks), "MHL203")
    assert "\nequivalent: " in execute(witness.text).output


def test_a_total_takes_a_scalar_of_what_is_added_to_it() -> None:
    start = STEP.partition("z = trunk(x)")[0]
    loop = """total = 0
for turn in range(2):
    total += F.mse_loss(head_a(trunk(x)), ya) + 0.1 * sum(w.abs().sum() for w in trunk.parameters())
    total.backward()
"""
    witness = _witness(start + loop, "MHL102")
    assert any(text in execute(witness.text).error for text in witness.errors)


def test_the_comments_of_a_witness_name_the_lines_of_the_source() -> None:
    text = _witness(STEP.format(walks=RAISES), "MHL101").text
    assert "loss_a.backward()  # line 12: loss_a.backward()" in text
    assert text.splitlines()[-1] == "loss_b.backward()  # line 13: loss_b.backward()"


def _witness(text: str, code: str) -> Witness:
    runs = runs_of(Source("step.py", text))
    (finding,) = RULES[code].find(runs)
    return write_witness(runs, finding)


STEP = """import torch
from torch import nn
import torch.nn.functional as F

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1), nn.Linear(8, 1)
optimizer = torch.optim.SGD([*trunk.parameters(), *head_a.parameters(), *head_b.parameters()], lr=0.1)
x, ya, yb = torch.randn(5, 4), torch.randn(5, 1), torch.randn(5, 1)
z = trunk(x)
{walks}optimizer.step()
"""
LOSSES = """loss_a = F.mse_loss(head_a(z), ya)
loss_b = F.mse_loss(head_b(z), yb)
"""
RAISES = LOSSES + "loss_a.backward()\nloss_b.backward()\n"
RETAINED = LOSSES + "loss_a.backward(retain_graph=True)\nloss_b.backward()\n"
SUMMED = LOSSES + "(loss_a + loss_b).backward()\n"
REINJECTED = """d = z.detach().requires_grad_()
loss_a = F.mse_loss(head_a(d), ya)
loss_a.backward()
loss_b = F.mse_loss(head_b(d), yb)
loss_b.backward()
z.backward(gradient=d.grad)
"""
HEADS = """import torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
        self.heads = nn.ModuleList([nn.Linear(8, 2) for _ in range(3)])


def train(net: Net, loader, optimizer):
    net = Net()
    optimizer = torch.optim.Adam(net.parameters())
    for x, targets in loader:
        optimizer.zero_grad()
        x = net.trunk(x)
{walks}        optimizer.step()
"""
HEADS_RETAINED = """        for head, y in zip(net.heads, targets):
            F.mse_loss(head(x), y).backward(retain_graph=True)
"""
HEADS_REINJECTED = """        d = x.detach().requires_grad_()
        for head, y in zip(net.heads, targets):
            F.mse_loss(head(d), y).backward()
        x.backward(gradient=d.grad)
"""

AGAIN = """for turn in range(2):
    x = torch.randn(5, 4)
    optimizer.zero_grad()
{runs}    optimizer.step()
"""
RUN_AGAIN = """    for head, y in ((head_a, ya), (head_b, yb)):
        F.mse_loss(head(trunk(x)), y).backward()
"""
RUN_ONCE = """    z = trunk(x)
    for head, y in ((head_a, ya), (head_b, yb)):
        F.mse_loss(head(z), y).backward(retain_graph=True)
"""



def _on_a_copy(walks: str, boundary: str) -> str:
    changed = f"c = {boundary}.clone()\nc[0] = 0.0\nloss_b = F.mse_loss(head_b(c), yb)"
    return walks.replace(f"loss_b = F.mse_loss(head_b({boundary}), yb)", changed)


RIGHT = {
    "raising to sum": (STEP, RAISES, SUMMED, "MHL101"),
    "raising to detach-reinject": (STEP, RAISES, REINJECTED, "MHL101"),
    "retained to sum": (STEP, RETAINED, SUMMED, "MHL201"),
    "retained to detach-reinject": (STEP, RETAINED, REINJECTED, "MHL201"),
    "loop over heads": (HEADS, HEADS_RETAINED, HEADS_REINJECTED, "MHL201"),
    "raising loop": (HEADS, HEADS_RETAINED.replace("retain_graph=True", ""), HEADS_REINJECTED, "MHL101"),
    "head on a copy that it changes": (STEP, _on_a_copy(RETAINED, "z"), _on_a_copy(REINJECTED, "d"), "MHL201"),
    "trunk run once": (STEP, AGAIN.format(runs=RUN_AGAIN), AGAIN.format(runs=RUN_ONCE), "MHL202"),
    "forgotten requires_grad": (
        STEP, REINJECTED.replace("z.detach().requires_grad_()", "z.detach()"), REINJECTED, "MHL104",
    ),
}  # fmt: skip
SENT = "z.backward(gradient=d.grad)\n"
WRONG = {
    "reinjection missing": (STEP, RETAINED, REINJECTED.replace(SENT, ""), "MHL201"),
    "reinjection doubled": (
        STEP, RETAINED, REINJECTED.replace(SENT, "z.backward(gradient=d.grad, retain_graph=True)\n" + SENT), "MHL201",
    ),
    "a loss dropped": (STEP, RETAINED, LOSSES + "loss_a.backward()\n", "MHL201"),
    "a loss counted twice": (STEP, RETAINED, LOSSES + "(loss_a + loss_a + loss_b).backward()\n", "MHL201"),
    "cut below the trunk's last layer": (
        STEP.replace("z = trunk(x)", "h = trunk[0](x)\nz = torch.tanh(h)"), RETAINED,
        REINJECTED.replace("z.", "h."), "MHL201",
    ),
    "one head left on the trunk's detached output": (
        STEP, RETAINED, SUMMED.replace("head_a(z)", "head_a(z.detach())"), "MHL201",
    ),
    "walk behind the step": (
        STEP, RETAINED, LOSSES + "loss_a.backward(retain_graph=True)\noptimizer.step()\n", "MHL201",
    ),
    "raising rewrite": (STEP, RETAINED, RAISES, "MHL201"),
    "reinjection in the loop": (
        HEADS, HEADS_RETAINED,
        HEADS_REINJECTED.replace("        x.backward(gradient=d.grad)",
                                 "            x.backward(gradient=d.grad, retain_graph=True)"),
        "MHL201",
    ),
}  # fmt: skip


def _versions(frame: str, before: str, after: str, code: str) -> tuple[Source, Source, Finding]:
    first, second = (Source("step.py", frame.format(walks=walks)) for walks in (before, after))
    found = list(RULES[code].find(runs_of(first)))
    assert found, f"{code} is not found"
    return first, second, found[0]


def _verdict(first: Source, second: Source, finding: Finding) -> Verdict:
    """As `prove_fix`, in this process."""
    try:
        paths = matched_paths(first, second, finding)
    except NoWitness as reason:
        return Undecided(str(reason))
    except AfterRaises as reason:
        return Differs(str(reason))
    for path in paths:
        ended = execute(pair_program(path.pair))
        verdict = read_verdict(WitnessResult(ended.code, "", ended.error, ended.output, ""))
        if not isinstance(verdict, Equivalent):
            return verdict
    return verdict


@pytest.mark.parametrize("case", RIGHT)
def test_right_rewrites_are_equivalent(case: str) -> None:
    verdict = _verdict(*_versions(*RIGHT[case]))
    assert isinstance(verdict, Equivalent), verdict
    assert verdict.parameters >= 6 and verdict.largest <= verdict.allowed


@pytest.mark.parametrize("case", WRONG)
def test_wrong_rewrites_differ(case: str) -> None:
    verdict = _verdict(*_versions(*WRONG[case]))
    assert isinstance(verdict, Differs), verdict


def test_a_proof_runs_in_a_process_of_its_own_and_names_the_counterexample() -> None:
    assert isinstance(prove_fix(*_versions(*RIGHT["retained to sum"])), Equivalent)
    verdict = prove_fix(*_versions(*WRONG["a loss counted twice"]))
    assert isinstance(verdict, Differs) and verdict.counterexample is not None
    assert verdict.counterexample.parameter.startswith(("trunk", "head_a"))


def test_lines_may_move_between_the_versions() -> None:
    first, second, finding = _versions(*RIGHT["retained to sum"])
    moved = Source("step.py", "# one\n# two\n\n" + second.text)
    assert isinstance(_verdict(first, moved, finding), Equivalent)


def test_no_variable_hides_data_that_a_later_turn_needs() -> None:
    first, second, finding = _versions(*RIGHT["loop over heads"])
    program = pair_program(matched_paths(first, second, finding)[0].pair)
    for function in ast.parse(program).body:
        if isinstance(function, ast.FunctionDef) and function.name in ("before_", "after_"):
            given = {argument.arg for argument in function.args.args}
            names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
            stored = {node.id for node in names if isinstance(node.ctx, ast.Store)}
            read_after = {node.id for node in names if isinstance(node.ctx, ast.Load)}
            assert not given & stored & read_after


def test_a_version_without_a_counterpart_is_undecided() -> None:
    first, second, finding = _versions(*RIGHT["retained to sum"])
    other = Source("step.py", second.text.replace("loss_a = ", "if flag():\n    z = z * 2\nloss_a = "))
    assert isinstance(_verdict(first, other, finding), Undecided)


def test_a_proof_never_runs_the_source(tmp_path: Path) -> None:
    frame = STEP.replace("z = trunk(x)", f"open({str(tmp_path / 'ran')!r}, 'w').close()\nz = trunk(x)")
    assert isinstance(prove_fix(*_versions(frame, RETAINED, SUMMED, "MHL201")), Equivalent)
    assert not (tmp_path / "ran").exists()


def test_an_emitted_test_passes_for_a_right_fix_and_fails_for_a_wrong_one() -> None:
    for cases, case, fails in ((RIGHT, "retained to sum", False), (WRONG, "a loss dropped", True)):
        namespace: dict[str, object] = {"__name__": "emitted"}
        exec(compile(emit_test(*_versions(*cases[case])), "emitted.py", "exec"), namespace)
        tests = [one for name, one in namespace.items() if name.startswith("test_gradients") and callable(one)]
        assert len(tests) == 2
        for test in tests:
            if fails:
                with pytest.raises(AssertionError):
                    test()
            else:
                test()


def _main(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["witness", *words])
    return code, out.getvalue(), err.getvalue()


def test_no_test_is_written_of_a_repair_that_changes_gradients(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fixtures = TESTS.parent / "fixtures"
    for path in (fixtures / "adversarial/gan_no_detach.py", fixtures / "shared_trunk/trunk_forward_per_head.py"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    tests = tmp_path / "tests"
    main(["check", "--fix", "--unsafe-fixes", "--no-cache", "--emit-tests", str(tests), str(tmp_path)])
    wanted = [f"test_trunk_forward_per_head_{place}.py" for place in ("mhl201_row_17", "mhl202_row_16")]
    assert sorted(path.name for path in tests.iterdir()) == wanted
    assert "MHL101 fixed, and no test of this fix: it changes gradients (" in capsys.readouterr().err


def test_the_command_writes_the_program_and_runs_it(tmp_path: Path) -> None:
    path = tmp_path / "step.py"
    path.write_text(STEP.format(walks=RAISES))
    code, out, _ = _main(f"{path}:13")
    assert code == 0 and out.startswith("# MHL101 at step.py:13:")
    code, out, _ = _main(f"{path}:13", "--run", "-o", str(tmp_path / "out.py"))
    assert code == 0 and "raised as predicted: Trying to backward" in out
    assert (tmp_path / "out.py").read_text().startswith("# MHL101")


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("{}:1", "no finding at this line (there are some at 13)"),
        ("{}", "give a file and a line"),
        ("{}.missing:3", "No such file"),
        ("{}:2:1", "there is no code cell 2"),
    ],
)
def test_the_command_says_in_one_line_why_it_cannot(tmp_path: Path, place: str, says: str) -> None:
    path = tmp_path / "step.py"
    path.write_text(STEP.format(walks=RAISES))
    code, out, err = _main(place.format(path))
    assert code == 2 and not out
    assert says in err and err.count("\n") == 1
