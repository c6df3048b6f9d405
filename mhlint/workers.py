"""Many files over worker processes, each bounded in time; a worker that hangs or dies costs one file only."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from mhlint.examining import Job, Verdict, examine, timed_out
from mhlint.syntax import Modules
from mhlint.unreadable import unreadable

# A worker stops itself at the limit; it is killed only when it does not.
_GRACE_S = 3.0


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    index: int = -1
    deadline: float = 0.0


def examine_in_processes(jobs: Sequence[Job], processes: int, limit_s: float) -> list[Verdict]:
    """The verdicts of `jobs`, in their order."""
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    verdicts: dict[int, Verdict] = {}
    # The largest first, so that no long one is left for the end.
    waiting = sorted(range(len(jobs)), key=lambda index: len(jobs[index].data))
    workers = [_started(context, limit_s) for _ in range(min(processes, len(jobs)))]
    try:
        while len(verdicts) < len(jobs):
            for worker in workers:
                if worker.index < 0 and waiting:
                    _give(worker, waiting.pop(), jobs, limit_s)
            busy = [worker for worker in workers if worker.index >= 0]
            soonest = min(worker.deadline for worker in busy)
            ready = wait([worker.pipe for worker in busy], timeout=max(0.0, soonest - time.monotonic()))
            for worker in busy:
                if worker.pipe in ready or worker.deadline <= time.monotonic():
                    verdicts[worker.index] = _result(
                        worker, jobs[worker.index], limit_s, worker.pipe in ready
                    )
                    if worker.process.is_alive():
                        worker.index = -1
                    else:
                        workers[workers.index(worker)] = _started(context, limit_s)
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
    return [verdicts[index] for index in range(len(jobs))]


def _started(context: BaseContext, limit_s: float) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, limit_s), daemon=True)  # type: ignore[attr-defined]
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _give(worker: _Worker, index: int, jobs: Sequence[Job], limit_s: float) -> None:
    worker.index = index
    worker.deadline = time.monotonic() + limit_s + _GRACE_S
    # One that died while idle has its pipe at its end, which the next wait sees.
    with contextlib.suppress(OSError):
        worker.pipe.send(jobs[index])


def _result(worker: _Worker, job: Job, limit_s: float, ready: bool) -> Verdict:
    if ready:
        try:
            verdict = worker.pipe.recv()
            assert isinstance(verdict, Verdict)
            return verdict
        except (EOFError, OSError):
            worker.process.join()
            code = worker.process.exitcode
            finding = unreadable(job.path, f"cannot be analysed: the worker process ended with code {code}")
            return Verdict((finding,), lasting=False)
    worker.process.kill()
    worker.process.join()
    return timed_out(job, limit_s)


def _serve(pipe: Connection, limit_s: float) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    modules = Modules()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(examine(job, limit_s, modules=modules))
