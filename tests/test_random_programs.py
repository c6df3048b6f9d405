"""Random training programs: the oracle on known ones, the analyser against the oracle on unknown ones."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from random_programs.analyser import analyser_or_reason  # noqa: E402
from random_programs.comparison import PROBLEMS, Tally, Verdict, judge, problems, report  # noqa: E402
from random_programs.draft import Choice, Flag  # noqa: E402
from random_programs.generate import Program, generate  # noqa: E402
from random_programs.oracle import Outcome, Raised, outcomes  # noqa: E402
from random_programs.reduction import reduced  # noqa: E402

from mhlint.findings import Confidence, Finding, Place, Position  # noqa: E402

HERE = Path(__file__).resolve().parent
PROGRAMS = 150
LEAST_RECALL = 0.95
MOST_WRONG_PLACES = 0.05  # share of the programs that must be reported
MOST_THROWN_AWAY = 0.02
RAISING_SHARE = (0.25, 0.55)

HEAD = "import torch\nw = torch.ones(3, requires_grad=True)\n"
KNOWN = {
    "one walk": ("(w * w).sum().backward()\n", []),
    "second walk": ("l = (w * w).sum()\nl.backward()\nl.backward()\n", [("freed", (5,), False)]),
    "retained": ("l = (w * w).sum()\nl.backward(retain_graph=True)\nl.backward()\n", []),
    "nothing kept": ("l = (w + w).sum()\nl.backward()\nl.backward()\n", []),
    "autograd.grad": (
        "l = w.exp().sum()\ntorch.autograd.grad(l, w)\nl.backward()\n",
        [("freed", (5,), False)],
    ),
    "version": ("h = w.exp()\nh += 1\nh.sum().backward()\n", [("version", (5,), False)]),
    "non-scalar": ("(w * 2).backward()\n", [("non-scalar", (3,), False)]),
    "no graph": ("w.detach().sum().backward()\n", [("no-grad", (3,), False)]),
    "leaf": ("w += 1\n", [("leaf in place", (3,), False)]),
    "in a function": (
        "l = (w * w).sum()\ndef go():\n    l.backward()\nfor _ in range(2):\n    go()\n",
        [("freed", (5, 7), False)],
    ),
    "caught": (
        "l = (w * w).sum()\nl.backward()\ntry:\n    l.backward()\nexcept RuntimeError:\n    pass\n",
        [("freed", (6,), True)],
    ),
}


@pytest.mark.parametrize("name", KNOWN)
def test_the_oracle_names_kind_and_rows(name: str) -> None:
    text, expected = KNOWN[name]
    (outcome,) = outcomes(Program(1, HEAD + text))
    assert [one[:3] for one in outcome.raised] == expected
    assert not outcome.unrelated


@pytest.mark.parametrize("line", ["missing_name", "w.view(5)", "w @ torch.ones(7)", "raise SystemExit(3)"])
def test_the_oracle_sets_other_errors_apart(line: str) -> None:
    (outcome,) = outcomes(Program(1, HEAD + line + "\n"))
    assert outcome.unrelated and not outcome.raised


def test_the_oracle_ends_a_program_that_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random_programs.oracle.SECONDS", 0.2)
    (outcome,) = outcomes(Program(1, HEAD + "while True:\n    w.detach()\n"))
    assert outcome.unrelated.startswith("TimeoutError")


def test_the_oracle_runs_every_choice_of_the_options_and_leaves_no_trace() -> None:
    text = (
        "import os, sys\n" + HEAD + "l = w.exp().sum()\nl.backward()\n"
        'if os.environ.get("TWICE") == "1" and "--more" in sys.argv:\n    l.backward()\n'
    )
    twice = Flag("twice", (Choice("off"), Choice("on", (("TWICE", "1"),))))
    more = Flag("more", (Choice("off"), Choice("on", (), ("--more",))))
    arguments, backward = list(sys.argv), torch.autograd.backward
    seen = {
        tuple(c.label for c in one.choices): len(one.raised)
        for one in outcomes(Program(1, text, (twice, more)))
    }
    assert seen == {("off", "off"): 0, ("off", "on"): 0, ("on", "off"): 0, ("on", "on"): 1}
    assert (sys.argv, torch.autograd.backward) == (arguments, backward)
    assert "TWICE" not in os.environ


def _finding(row: int, code: str = "MHL101", when: tuple[str, ...] = ()) -> Finding:
    return Finding(
        code, "name", "message", Place("p", Position(row, 1), Position(row, 9)), Confidence.CERTAIN, when=when
    )


def test_the_comparison_tells_the_problems_apart() -> None:
    fine, freed = Outcome(()), Outcome((), (Raised("freed", (5,), False, ""),))
    other = Outcome((), (Raised("no-grad", (5,), False, ""),))
    assert problems((), [fine], []) == []
    assert problems((), [freed], [_finding(5)]) == []
    assert problems((), [other], []) == []
    caught = Outcome((), (Raised("freed", (5,), True, ""),))
    assert problems((), [caught], []) == problems((), [caught], [_finding(5)]) == []
    assert problems((), [fine], [_finding(5)]) == ["false certain"]
    assert problems((), [freed], []) == ["missed"]
    assert problems((), [freed], [_finding(4)]) == ["wrong line"]
    assert problems((), [freed], [_finding(5, "MHL103")]) == ["wrong kind"]


def test_the_comparison_reads_what_a_finding_needs() -> None:
    off, on = Choice("off"), Choice("on")
    flags = (Flag("twice", (off, on)),)
    fine, freed = Outcome((off,)), Outcome((on,), (Raised("freed", (5,), False, ""),))
    assert problems(flags, [fine, freed], [_finding(5)]) == ["false certain"]
    for right in ("args.twice (line 3)", "TWICE", "not (not FLAGS.twice)", "self.something (line 9)"):
        assert problems(flags, [fine, freed], [_finding(5, when=(right,))]) == []
    assert problems(flags, [fine, freed], [_finding(5, when=("not TWICE",))]) == ["false certain"]
    assert problems(flags, [fine, freed], [_finding(5, when=("TWICE or not TWICE",))]) == ["too wide"]


def test_a_seed_gives_the_same_program_in_another_process() -> None:
    script = "from random_programs.generate import generate; print([generate(s).text for s in range(40)])"
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=HERE, env=environment, capture_output=True, text=True, check=False
    )
    assert run.stdout.strip() == str([generate(seed).text for seed in range(40)]), run.stderr


def test_a_disagreement_is_made_smaller() -> None:
    text = (
        HEAD + "v = w + 1\nif v is not None:\n    l = (w * w).sum()\nl.backward()\nprint(v)\nl.backward()\n"
    )

    def judged(program: Program) -> Verdict:
        return judge(program, outcomes(program), lambda path, text: ())

    small = reduced(judged(Program(1, text)), judged)
    assert small.problems == ("missed",)
    assert small.program.text == HEAD + "l = (w * w).sum()\nl.backward()\nl.backward()\n"


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    analyser, _ = analyser_or_reason()
    first = int(date.today().strftime("%Y%m%d")) * 1000
    print(f"programs {first} to {first + PROGRAMS - 1}: python -m tests.random_programs --show NUMBER")
    programs = [generate(seed) for seed in range(first, first + PROGRAMS)]
    compared = [judge(program, outcomes(program), analyser) for program in programs]
    torch.set_num_threads(threads)
    return compared


def _tally(verdicts: list[Verdict]) -> Tally:
    tally = Tally()
    for verdict in verdicts:
        tally.add(verdict)
    return tally


def _told(verdicts: list[Verdict], *kinds: str) -> str:
    chosen = [verdict for verdict in verdicts if set(kinds) & set(verdict.problems)]
    seeds = ", ".join(f"{verdict.program.seed} {verdict.crash}".strip() for verdict in chosen)
    return f"{report(_tally(verdicts), True)}\npython -m tests.random_programs --show: {seeds}"


def test_the_programs_run_and_some_raise(verdicts: list[Verdict]) -> None:
    tally = _tally(verdicts)
    assert tally.unrelated.total() <= MOST_THROWN_AWAY * PROGRAMS, tally.unrelated
    assert RAISING_SHARE[0] < tally.raising / PROGRAMS < RAISING_SHARE[1]
    assert {"freed", "version"} <= tally.kinds.keys()


def test_the_analyser_agrees_with_pytorch(verdicts: list[Verdict]) -> None:
    analyser, reason = analyser_or_reason()
    if analyser is None:
        pytest.skip(f"the analyser cannot be imported: {reason}")
    tally = _tally(verdicts)
    assert not tally.problems["crash"], _told(verdicts, "crash")
    assert not tally.problems["false certain"], _told(verdicts, "false certain")
    assert tally.recall >= LEAST_RECALL, _told(verdicts, "missed")
    misplaced = tally.problems["wrong line"] + tally.problems["wrong kind"]
    assert misplaced <= MOST_WRONG_PLACES * tally.must_report, _told(verdicts, *PROBLEMS[-2:])
