"""Small programs, and what one rule and PyTorch say of them.

`# here` stands on the statement that the rule must report, `# here, likely` where it rests on something unseen.
"""

from __future__ import annotations

import re
import runpy
import textwrap
from pathlib import Path
from typing import NamedTuple

import pytest

from mhlint.analyse import Request, analyse
from mhlint.findings import Finding
from mhlint.source import Source

PRELUDE = """\
import torch
from torch import nn
import torch.nn.functional as F

torch.manual_seed(0)
trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.Tanh())
head_a, head_b, head_c = nn.Linear(8, 1), nn.Linear(8, 1), nn.Linear(8, 1)
heads = nn.ModuleList([nn.Linear(8, 1) for _ in range(3)])
opt = torch.optim.SGD([*trunk.parameters(), *head_a.parameters(), *head_b.parameters(), *heads.parameters()], lr=0.1)
x = torch.randn(3, 4)
"""
MARK = re.compile(r"#\s*here(?P<likely>, likely)?\s*$")
TWICE = "backward through the graph a second time"
VERSION = "modified by an inplace operation"
NO_GRAPH = "does not require grad"
NON_SCALAR = "grad can be implicitly created only for scalar outputs"


class Case(NamedTuple):
    """A program behind the prelude; `error` is what PyTorch raises, None where it runs to its end.

    `runs` is False for programs that use what no one has defined: they are not run.
    """

    name: str
    body: str
    error: str | None = None
    runs: bool = True

    @property
    def text(self) -> str:
        return PRELUDE + textwrap.dedent(self.body)


def in_pytest(cases: list[Case]) -> pytest.MarkDecorator:
    """One test for each case."""
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def reported(case: Case, code: str) -> list[Finding]:
    """The findings of one rule in a case."""
    found = analyse(Source("case.py", case.text), Request(codes=frozenset({code}))).findings
    return [finding for finding in found if finding.code == code]


def check(case: Case, code: str, tmp_path: Path) -> list[Finding]:
    """Exactly the marked statements are reported, as sure as they are marked, and PyTorch does what is said."""
    found = reported(case, code)
    marked = {
        (row, "likely" if mark["likely"] else "certain")
        for row, line in enumerate(case.text.splitlines(), 1)
        if (mark := MARK.search(line))
    }
    seen = sorted((finding.place.start.row, finding.confidence.value) for finding in found)
    assert seen == sorted(marked), f"reported {seen}, marked {sorted(marked)}"
    for finding in found:
        assert finding.message.count("\n") == 0 and not finding.message.endswith(".")
        assert finding.advice
    if case.runs:
        _ask_pytorch(case, tmp_path)
    return found


def _ask_pytorch(case: Case, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    program = tmp_path / "case.py"
    program.write_text(case.text, encoding="utf-8")
    if case.error is None:
        runpy.run_path(str(program))
        return
    with pytest.raises(RuntimeError, match=case.error):
        runpy.run_path(str(program))
