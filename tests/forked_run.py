"""Runs a plan in a fork of the test process, which has PyTorch loaded already: that takes a moment only."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import torch

from mhlint.proof.launching import Place, Progress
from mhlint.proof.plan import Plan
from mhlint.proof.records import RunRecord, read_run


def run_forked(plan: Plan, place: Place, progress: Progress) -> RunRecord:
    """As mhlint.proof.launching.run, for a program of one process that is not told from a fresh one."""
    torch.set_num_threads(1)
    # The first optimizer of a process imports torch._dynamo, which takes seconds: here, once.
    torch.optim.SGD([torch.zeros(1)])
    folder = Path(plan.folder)
    folder.mkdir(parents=True)
    plan.write(folder / "plan.json")
    sys.stdout.flush()
    child = os.fork()
    if not child:
        _become(plan, folder, place.folder)
    deadline = time.monotonic() + place.timeout
    while not os.waitpid(child, os.WNOHANG)[0]:
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return RunRecord((), f"it was still running after {place.timeout:g} s")
        time.sleep(0.005)
    record = read_run(folder.glob("*.jsonl"))
    errors = [process.error for process in record.processes if process.error]
    progress(record.steps)
    return RunRecord(record.processes, errors[0] if errors else None)


def _become(plan: Plan, folder: Path, place: str) -> None:
    code = 70
    try:
        log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(place)
        from mhlint.proof.runner import main

        code = main(str(folder / "plan.json"))
    finally:
        os._exit(code)
