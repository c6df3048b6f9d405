"""Reads and rewrites `cases/*.test`: programs, each followed by the trace that the machine must print for it.

[case name]            the source starts; its first row is 2, row 1 is the line of PRELUDE
[case name] traced     the source is traced and not run (it needs a device, a library, another process)
[case name] differs    PyTorch does something else, as the first comment of the source says
[file pkg/module.py]   a further file of the same project, without the prelude
[run]                  statements that call the functions of the source: each must end as one of the paths does
[state a, b]           the printed values of these variables at the end of the script
[out]                  the printed trace
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

CASES = Path(__file__).parent / "cases"
PRELUDE = (
    "import torch; from torch import nn; from torch.nn import functional as F; torch.manual_seed(0); "
    "x = torch.randn(4, 3); w = torch.randn(3, 3, requires_grad=True); "
    "v = torch.randn(3, 3, requires_grad=True); "
    "trunk = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3)); "
    "opt = torch.optim.SGD(trunk.parameters(), lr=0.1)"
)
_HEADER = re.compile(r"\[(case|file|run|state|out)\b ?([^\]\n]*)\][ ]?(.*)")
# A header starts its line and holds nothing but itself; this keeps `[1, 2]` in a source apart.
_LINE = re.compile(r"\[(?:case [\w-]+\](?: traced| differs)?|file [\w/.]+\]|run\]|state [\w, ]+\]|out\])\Z")


class Case(NamedTuple):
    """One program and what is expected of it; `expected` and `state` have no line break at the end."""

    path: Path
    name: str
    flag: str
    source: str
    files: tuple[tuple[str, str], ...]
    run: tuple[str, ...]
    wanted: tuple[str, ...]
    state: str
    expected: str

    @property
    def id(self) -> str:
        return f"{self.path.stem}-{self.name}"


def read_cases(path: Path) -> list[Case]:
    """The cases of one file, in order."""
    cases: list[Case] = []
    sections: list[tuple[str, str, str, list[str]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        header = _HEADER.match(line) if _LINE.match(line) else None
        if header is not None:
            if header[1] == "case" and sections:
                cases.append(_case(path, sections))
                sections = []
            sections.append((header[1], header[2], header[3], []))
        elif sections:
            sections[-1][3].append(line)
    return [*cases, _case(path, sections)] if sections else cases


def _case(path: Path, sections: list[tuple[str, str, str, list[str]]]) -> Case:
    found: dict[str, str] = {}
    files: list[tuple[str, str]] = []
    wanted: tuple[str, ...] = ()
    for kind, name, _, lines in sections:
        text = "\n".join(lines).rstrip()
        if kind == "file":
            files.append((name, text + "\n"))
            continue
        if kind == "state":
            wanted = tuple(part.strip() for part in name.split(","))
        found[kind] = text
    run = tuple(line for line in found.get("run", "").splitlines() if line.strip())
    source = f"{PRELUDE}\n{found['case']}\n"
    _, name, flag, _ = sections[0]
    return Case(
        path, name, flag, source, tuple(files), run, wanted, found.get("state", ""), found.get("out", "")
    )  # fmt: skip


def rewrite(case: Case, printed: str, state: str) -> None:
    """Put what was printed in the place of what a case expects."""
    lines: list[str] = []
    inside, skipping = False, False
    for line in case.path.read_text(encoding="utf-8").splitlines():
        header = _HEADER.match(line) if _LINE.match(line) else None
        if header is not None:
            if header[1] == "case":
                inside = header[2] == case.name
            if skipping:
                lines.append("")
            skipping = inside and header[1] in ("state", "out")
            lines.append(line)
            if skipping:
                text = printed if header[1] == "out" else state
                lines += text.splitlines()
            continue
        if not skipping:
            lines.append(line)
    case.path.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")
