"""The machine's traces of small programs, as text; and PyTorch's word on each program that can be run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from machine.case_files import CASES, Case, read_cases, rewrite
from machine.printing import print_runs, print_state
from machine.running import DONE, disagreements, ends, final_variables, torch_ends, trace_case, write_files

ALL = [case for path in sorted(CASES.glob("*.test")) for case in read_cases(path)]
RUNNABLE = [case for case in ALL if case.flag != "traced"]


def test_names_of_cases_are_used_once() -> None:
    ids = [case.id for case in ALL]
    assert sorted(ids) == sorted(set(ids))
    assert len(ALL) >= 150


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.id)
def test_trace(case: Case, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    main = write_files(case, tmp_path)
    start = time.process_time()
    runs = trace_case(case, main)
    assert time.process_time() - start < 3, "one second is the aim; this machine is shared"
    printed = print_runs(runs)
    state = print_state(final_variables(case, main), case.wanted)
    if request.config.getoption("--update"):
        rewrite(case, printed, state)
        return
    assert printed == case.expected
    assert state == case.state


@pytest.mark.parametrize("case", RUNNABLE, ids=lambda case: case.id)
def test_pytorch_ends_the_same_way(case: Case, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    main = write_files(case, tmp_path)
    runs = trace_case(case, main)
    torch, variables = torch_ends(case, main)
    said = ends(runs)
    wrong: list[str] = []
    if not case.run and said == torch == {DONE}:
        known = final_variables(case, main)
        wrong = [t for name, value in known.items() for t in disagreements(name, value, variables.get(name))]
    if case.flag == "differs":
        assert said != torch or wrong, "PyTorch and the machine agree by now: take the mark away"
        return
    assert said == torch
    assert wrong == []
