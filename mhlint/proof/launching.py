"""Starts the processes of one run, waits for them, and gathers what they recorded."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mhlint.proof.plan import PLAN_VARIABLE, START_VARIABLE, Plan
from mhlint.proof.records import EXITED, RunRecord, read_run

_HERE = Path(__file__).parent
_TAIL = 3000
_PAUSE = 0.1

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Place:
    """How a program is run: the Python, the folder, the number of processes, and a limit in seconds."""

    python: str
    folder: str
    processes: int | None
    timeout: float


def run(plan: Plan, place: Place, progress: Progress) -> RunRecord:
    """Run a plan to its end; `progress` is told the number of steps of the foremost process."""
    folder = Path(plan.folder)
    folder.mkdir(parents=True)
    plan_path = folder / "plan.json"
    plan.write(plan_path)
    command = [place.python, str(_HERE / "start.py"), str(plan_path)]
    log_path = folder / "log.txt"
    with open(log_path, "wb") as log:
        started = [
            subprocess.Popen(
                command,
                cwd=place.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            for environment in _environments(plan, plan_path, place)
        ]
        try:
            late = not _wait(started, folder, place.timeout, progress)
        finally:
            for process in started:
                _end(process)
    tail = log_path.read_bytes()[-_TAIL:].decode("utf-8", "replace")
    record = read_run(folder.glob("*.jsonl"), None, tail)
    failure = f"it was still running after {place.timeout:g} s" if late else _failure(record, tail, started)
    return RunRecord(record.processes, failure, tail)


def _environments(plan: Plan, plan_path: Path, place: Place) -> list[dict[str, str]]:
    shared = dict(os.environ)
    shared[PLAN_VARIABLE] = str(plan_path)
    shared[START_VARIABLE] = str(_HERE / "start.py")
    startup = plan_path.parent / "startup"
    startup.mkdir()
    shutil.copyfile(_HERE / "spawned.py", startup / "sitecustomize.py")
    path = [str(startup), shared.get("PYTHONPATH", "")]
    if plan.module and Path(place.folder) != Path.cwd():
        path.insert(1, str(Path.cwd()))
    shared["PYTHONPATH"] = os.pathsep.join(entry for entry in path if entry)
    shared["PYTHONHASHSEED"] = str(plan.seed % 2**32)
    shared["PYTHONDONTWRITEBYTECODE"] = "1"
    shared.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    if place.processes is None:
        return [shared]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    world = str(place.processes)
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world}
    shared.setdefault("OMP_NUM_THREADS", "1")
    return [
        {**shared, **common, "RANK": str(rank), "LOCAL_RANK": str(rank), "GROUP_RANK": "0"}
        for rank in range(place.processes)
    ]


def _wait(started: list[subprocess.Popen[bytes]], folder: Path, timeout: float, progress: Progress) -> bool:
    """Wait until all ended, or one failed and the others had a moment to notice; False if time ran out."""
    deadline, failed_at, told = time.monotonic() + timeout, None, -1
    while any(process.poll() is None for process in started):
        now = time.monotonic()
        if now > deadline:
            return failed_at is not None
        if any(process.poll() for process in started):
            failed_at = failed_at or now
            if now > failed_at + 5.0:
                return True
        steps = max((path.read_bytes().count(b'{"step"') for path in folder.glob("*.jsonl")), default=0)
        if steps != told:
            told = steps
            progress(steps)
        time.sleep(_PAUSE)
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program with all it started; what it left running after its own end too."""
    try:
        os.killpg(process.pid, signal.SIGTERM if process.poll() is None else signal.SIGKILL)
        process.wait(timeout=3)
    except (ProcessLookupError, PermissionError):
        pass
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _is_of_another_rank(error: str) -> bool:
    return any(word in error.lower() for word in ("connection", "gloo", "nccl"))


def _failure(record: RunRecord, log_tail: str, started: list[subprocess.Popen[bytes]]) -> str | None:
    errors = [process.error for process in record.processes if process.error]
    if errors:
        # Other ranks fail because one did: the one whose message is about training speaks first.
        error = min(errors, key=_is_of_another_rank)
        return error + _last_words(log_tail) if error.startswith(EXITED) else error
    for process in started:
        if process.returncode and process.returncode < 0:
            return f"it was ended by {signal.Signals(-process.returncode).name}"
        if process.returncode:
            return f"{EXITED} {process.returncode}{_last_words(log_tail)}"
    return None


def _last_words(log_tail: str) -> str:
    said = next((line for line in reversed(log_tail.splitlines()) if line.strip()), "")
    return f": {said.strip()}" if said else ""
