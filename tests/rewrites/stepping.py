"""Training programs around one step, their fixes, and what PyTorch makes of them before and after."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import NamedTuple

import torch
from gradient_recording import Recording, largest_difference, record

from mhlint.analyse import Request, analyse
from mhlint.check import Options, Outcome, recheck
from mhlint.documents import edited, open_document
from mhlint.findings import Applicability, Edit, Finding
from mhlint.fixing import FixPolicy, fix_files
from mhlint.rules import RULES
from mhlint.settings import Settings

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
trunk = nn.Sequential(
    nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.3), nn.Linear(6, 6), nn.Sigmoid()
)
heads = nn.ModuleList(
    [nn.Sequential(nn.Dropout(0.3), nn.Linear(6, 3, bias=False), nn.BatchNorm1d(3)) for _ in range(3)]
)
first, second, third = heads
named = nn.ModuleDict({"a": nn.Linear(6, 2), "b": nn.Linear(6, 2)})
opt = torch.optim.SGD([*trunk.parameters(), *heads.parameters(), *named.parameters()], lr=0.1)


"""
TAIL = """

for _ in range(2):
    step(torch.randn(5, 4), torch.randn(3, 5, 3))
print(trunk[1].running_mean.sum().item(), torch.rand(()).item())
"""


def program(step: str, extra: str = "") -> str:
    """A script that makes two steps of `step`, the body of `def step(x, ys)`; `extra` stands in front of it."""
    body = textwrap.indent(textwrap.dedent(step).strip("\n"), "    ")
    return f"{HEAD}{textwrap.dedent(extra)}def step(x, ys):\n{body}\n{TAIL}"


def findings(text: str, style: str = "auto") -> list[Finding]:
    """All findings of a text, fixes attached."""
    source = open_document("program.py", text.encode()).source
    codes = frozenset(rule.code for rule in RULES.values() if rule.default)
    return list(analyse(source, Request(codes=codes, fix_style=style)).findings)


def fixed(text: str, style: str = "auto", unsafe: bool = False, codes: tuple[str, ...] = ()) -> str:
    """A text after its fixes, round after round until nothing is left to fix."""
    for _ in range(8):
        chosen = next(iter(_edits(text, style, unsafe, codes)), None)
        if chosen is None:
            return text
        text = edited(open_document("program.py", text.encode()), [chosen]).decode()
        compile(text, "program.py", "exec")
    raise AssertionError("fixing does not come to an end")


def fixed_at_once(text: str, style: str = "auto", unsafe: bool = False) -> str:
    """A text as `mhlint check --fix` would leave it."""
    options = Options(lambda path: Settings(fix_style=style), RULES, jobs=1, cache=False)
    document = open_document("program.py", text.encode())
    outcome = Outcome(tuple(recheck(document, options)), {"program.py": document}, 1)
    changed = fix_files(outcome, options, FixPolicy(unsafe))
    assert not [message for file in changed for message in file.messages]
    return changed[0].after.source.text if changed else text


def _edits(text: str, style: str, unsafe: bool, codes: tuple[str, ...]) -> list[tuple[Edit, ...]]:
    allowed = {Applicability.SAFE, Applicability.UNSAFE} if unsafe else {Applicability.SAFE}
    return [
        finding.fix.edits
        for finding in findings(text, style)
        if finding.fix is not None
        and finding.fix.edits
        and finding.fix.applicability in allowed
        and (not codes or finding.code in codes)
    ]


class Run(NamedTuple):
    """What a program did: its gradients at each step, what it printed, and the random state it left."""

    recording: Recording
    state: torch.Tensor


def run(text: str, folder: Path, retain: bool = False) -> Run:
    """Run a text in float64; a program that raises is run once more with all its graphs retained."""
    path = folder / "program.py"
    path.write_bytes(text.encode())
    recording = record(path, torch.float64, retain=retain)
    if recording.error is not None and not retain and "second time" in str(recording.error):
        return run(text, folder, retain=True)
    return Run(recording, torch.get_rng_state())


def assert_same(before: str, after: str, folder: Path) -> None:
    """The two give the same gradients at each step, print the same numbers and leave the same random state."""
    old, new = run(before, folder), run(after, folder)
    assert old.recording.error is None, old.recording.error
    assert old.recording.steps
    assert differs(old, new) == ""


def differs(old: Run, new: Run) -> str:
    """How a second run differs from a first one that ended well; "" where it does not."""
    if new.recording.error is not None:
        return f"DIFFERS: raises {new.recording.error}"
    apart = largest_difference(old.recording, new.recording)
    if not apart.relative <= 1e-9:
        return f"DIFFERS: gradients {apart}"
    if not torch.equal(old.state, new.state):
        return "DIFFERS: random state"
    left, right = old.recording.printed.split(), new.recording.printed.split()
    if len(left) != len(right) or not all(map(_same_word, left, right)):
        return "DIFFERS: printed"
    return ""


def _same_word(left: str, right: str) -> bool:
    try:
        return abs(float(left) - float(right)) <= 1e-9 * max(1.0, abs(float(left)))
    except ValueError:
        return left == right


def offered(text: str, code: str, style: str = "auto") -> list[tuple[str, str]]:
    """The applicability and message of each fix that is offered for a code."""
    return [
        (finding.fix.applicability.value, finding.fix.message) if finding.fix else ("none", "")
        for finding in findings(text, style)
        if finding.code == code
    ]
