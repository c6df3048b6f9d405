"""Runs a generated witness program in a Python of its own and says what became of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class WitnessResult:
    """How a witness ended: `raised` is the type and `message` the text of its exception, if any."""

    exit_code: int | None
    raised: str
    message: str
    stdout: str
    stderr: str

    @property
    def timed_out(self) -> bool:
        """Whether it was ended because its time was over."""
        return self.exit_code is None


def run_witness(source_text: str, timeout: float = 60.0, python: str = sys.executable) -> WitnessResult:
    """Run a program's text for at most `timeout` seconds, in an empty folder, on one thread."""
    with tempfile.TemporaryDirectory(prefix="mhlint-witness-") as folder:
        path = Path(folder, "witness.py")
        path.write_text(source_text, encoding="utf-8")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
        try:
            done = subprocess.run(
                [python, str(path)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            return WitnessResult(
                None, "", f"still running after {timeout:g} s", _text(late.stdout), _text(late.stderr)
            )
    stderr = _text(done.stderr)
    raised, message = _exception(stderr) if done.returncode else ("", "")
    return WitnessResult(done.returncode, raised, message, _text(done.stdout), stderr)


def _exception(stderr: str) -> tuple[str, str]:
    """The exception that a traceback ends with: what follows its last indented line."""
    lines = stderr.rstrip().splitlines()
    if "Traceback (most recent call last):" not in lines:
        return "", lines[-1] if lines else ""
    start = len(lines) - 1 - lines[::-1].index("Traceback (most recent call last):")
    rest = lines[start + 1 :]
    last = next((number for number, line in enumerate(rest) if not line.startswith(" ")), len(rest) - 1)
    raised, _, message = "\n".join(rest[last:]).partition(": ")
    return raised.strip(), message.strip()


def _text(output: bytes | str | None) -> str:
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""
