"""`mhlint verify` where the program as it is cannot be the reference: it raises at a second walk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mhlint.proof.comparing import Differs, Equivalent, Undecided  # noqa: E402
from mhlint.proof.reporting import as_json, as_text  # noqa: E402
from tests.test_verify import PROGRAMS, forks, verified  # noqa: E402

WALKS = "        loss_one.backward(retain_graph=True)\n        loss_two.backward()\n"


@forks
@pytest.mark.parametrize("arguments", [(), ("--unused",)])
def test_walks_that_the_wrapper_refuses_are_averaged_one_by_one(arguments: tuple[str, ...]) -> None:
    summed = (WALKS, "        (loss_one + loss_two).backward()\n")
    seen = verified("wrapped_whole.py", summed, arguments=arguments)
    assert isinstance(seen.verdict, Equivalent), seen.verdict
    assert seen.averaged
    assert not seen.retained
    assert as_json(seen)["reference_averaged_walks"] is True
    assert "every walk averaged over the ranks" in as_text(seen)
    assert (as_json(seen)["before"]["walks"], as_json(seen)["after"]["walks"]) == (2, 1)


@forks
def test_difference_to_averaged_walks_is_found() -> None:
    seen = verified("wrapped_whole.py", (WALKS, "        (loss_one + 0.5 * loss_two).backward()\n"))
    assert isinstance(seen.verdict, Differs), seen.verdict
    assert seen.verdict.counterexample is not None
    named = {seen.verdict.counterexample.parameter, *seen.verdict.others}
    assert {"net.module.two.weight", "net.module.trunk.0.weight"} <= named


@forks
def test_program_that_raises_as_before_is_undecided() -> None:
    seen = verified("two_heads.py", ("range(10)", "range(9)"), arguments=("--raise",))
    assert isinstance(seen.verdict, Undecided), seen.verdict
    assert seen.verdict.reason.startswith("as rewritten the program fails after 0 steps: RuntimeError: Trying to")


def test_ranks_average_every_walk(tmp_path: Path) -> None:
    text = (PROGRAMS / "wrapped_whole.py").read_text()
    after = tmp_path / "after.py"
    after.write_text(text.replace(WALKS, "        (loss_one + loss_two).backward()\n"))
    options = ["-q", "--no-memory", "--steps", "2", "--nproc-per-node", "2", "--output-format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "mhlint", "verify", *options, "--after", str(after), "--", "wrapped_whole.py"],
        cwd=PROGRAMS,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done
    report = json.loads(done.stdout)
    assert report["reference_averaged_walks"] is True
    assert report["notes"] == []
    assert {row["process"] for row in report["parameters"]} == {"rank0", "rank1"}
    # The ranks see different data, so no rank's own gradients are their average.
    assert any(row["scale"] > 0 for row in report["parameters"])
