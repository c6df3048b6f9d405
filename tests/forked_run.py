"""Runs a plan in a fork of a process that has PyTorch loaded, and never touches a GPU: that takes a moment only."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing import forkserver
from pathlib import Path

import torch

from mhlint.proof.launching import Place, Progress
from mhlint.proof.plan import Plan
from mhlint.proof.records import RunRecord, read_run

PRELOADED = "MHLINT_TESTS_FORK_SERVER"

if os.environ.get(PRELOADED):
    # The first optimizer of a process imports torch._dynamo, which takes seconds: here, once.
    torch.set_num_threads(1)
    torch.optim.SGD([torch.zeros(1)])
    import mhlint.proof.runner  # noqa: F401


def run_forked(plan: Plan, place: Place, progress: Progress) -> RunRecord:
    """As mhlint.proof.launching.run, for a CPU program of one process that is not told from a fresh one."""
    _start_server()
    folder = Path(plan.folder)
    folder.mkdir(parents=True)
    plan.write(folder / "plan.json")
    fork = multiprocessing.get_context("forkserver")
    # The recorder names its file after the process, and a fresh one is the main process.
    child = fork.Process(target=_become, args=(folder, place.folder), name="MainProcess")
    child.start()
    child.join(place.timeout)
    if child.is_alive():
        child.kill()
        child.join()
        return RunRecord((), f"it was still running after {place.timeout:g} s")
    record = read_run(folder.glob("*.jsonl"))
    errors = [process.error for process in record.processes if process.error]
    progress(record.steps)
    return RunRecord(record.processes, errors[0] if errors else None)


def _start_server() -> None:
    """Start it, if it is not there; a process that CUDA was initialised in cannot be forked, so it sees none."""
    own = {PRELOADED: "1", "CUDA_VISIBLE_DEVICES": ""}
    kept = {name: os.environ.get(name) for name in own}
    multiprocessing.set_forkserver_preload([__name__])
    os.environ.update(own)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in kept.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _become(folder: Path, place: str) -> None:
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
