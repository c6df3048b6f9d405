"""The same source gives the same findings, in the same order, whatever the seed of the hash."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = (
    "fixtures/shared_trunk/heads_module_dict.py",
    "fixtures/shared_trunk/outputs_dict.py",
    "fixtures/shared_trunk/two_boundaries_apart.py",
    "fixtures/reinforcement/shared_body_two_steps.py",
    "fixtures/carried/hidden_state_attribute.py",
    "fixtures/adversarial/generator_run_twice.py",
    "fixtures/language_model/mtp_retained.py",
    "fixtures/misuse/gradients_cleared.py",
)
PROGRAM = """
import sys
from pathlib import Path
from mhlint.analyse import Request, analyse
from mhlint.rules import RULES
from mhlint.source import Source
for name in sys.argv[1:]:
    for finding in analyse(Source(name, Path(name).read_text()), Request(frozenset(RULES))).findings:
        print(finding)
"""


def findings(seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, *FILES]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout


def test_findings_do_not_depend_on_the_hash_seed() -> None:
    first = findings("0")
    assert first.count("Finding(") >= len(FILES)
    assert findings("1") == first
    assert findings("2") == first
