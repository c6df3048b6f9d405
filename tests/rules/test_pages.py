"""Every rule has a page; its examples do what the page says, here and under PyTorch."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from mhlint.analyse import Request, analyse
from mhlint.rules import RULES, page
from mhlint.source import Source

ROOT = Path(__file__).parent.parent.parent
CONTRACT = {
    "MHL101": "second-backward",
    "MHL102": "carried-graph",
    "MHL103": "step-between-backwards",
    "MHL104": "reinject-without-gradient",
    "MHL105": "retained-graph-unsupported",
    "MHL201": "redundant-trunk-backward",
    "MHL202": "redundant-trunk-forward",
    "MHL203": "needless-retain-graph",
    "MHL204": "all-heads-in-memory",
    "MHL301": "trunk-not-reinjected",
    "MHL302": "reinject-in-loop",
    "MHL303": "stale-boundary-gradient",
    "MHL304": "non-leaf-grad",
    "MHL305": "gradient-discarded",
    "MHL306": "unseen-weight-change",
    "MHL307": "gradientless-loss",
    "MHL308": "replicas-drift",
    "MHL401": "module-called-as-function",
    "MHL402": "deprecated-variable",
    "MHL900": "unreadable-source",
}
HEADINGS = [
    "What it does",
    "Why is this bad?",
    "Example",
    "Use instead",
    "Fix safety",
    "Facts",
    "References",
]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Several processes are needed to run these, and MHL900's example is not Python.
NOT_RUN = {"MHL105", "MHL308", "MHL900"}
RAISES = {"MHL101", "MHL102", "MHL103", "MHL104"}
# Frames around an example that is only a part of a program.
DISTRIBUTED = """import torch
from torch import nn


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk, self.a, self.b = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 1), nn.Linear(8, 1)

    def forward(self, x):
        z = self.trunk(x)
        return self.a(z), self.b(z)


trunk_and_heads, trunk = Both(), nn.Sequential(nn.Linear(4, 8), nn.ReLU())
head_a, head_b = nn.Linear(8, 1), nn.Linear(8, 1)
x = torch.randn(3, 4)
"""

each_rule = pytest.mark.parametrize("code", sorted(RULES))


def section(code: str, heading: str) -> str:
    parts = re.split(r"^## (.*)$", page(code), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[heading]


def examples(code: str, heading: str) -> list[str]:
    frame = DISTRIBUTED if code in ("MHL105", "MHL308") else ""
    return [frame + block for block in BLOCK.findall(section(code, heading))]


def codes_in(text: str) -> set[str]:
    found = analyse(Source("example.py", text), Request(codes=frozenset(RULES))).findings
    return {finding.code for finding in found}


def test_codes_and_names_are_the_contract() -> None:
    """Users write them into their settings."""
    assert {code: rule.name for code, rule in RULES.items()} == CONTRACT


@each_rule
def test_a_page_says_everything_in_order(code: str) -> None:
    assert re.findall(r"^## (.*)$", page(code), flags=re.MULTILINE) == HEADINGS
    assert page(code).partition("\n")[0].endswith(".")
    for heading in HEADINGS:
        assert section(code, heading).strip(), heading
    assert examples(code, "Example")
    assert examples(code, "Use instead")
    assert re.search(r"https://|`mhlint", section(code, "References"))


@each_rule
def test_a_page_speaks_to_users(code: str) -> None:
    """Users know neither our list of facts nor our machine."""
    assert not re.search(r"\bF\d{2,3}\b|Level\.|\btrace\b", page(code))


@each_rule
def test_the_example_fires_this_rule_alone(code: str) -> None:
    if code == "MHL900":
        with pytest.raises(SyntaxError):
            codes_in(*examples(code, "Example"))
        return
    for text in examples(code, "Example"):
        assert codes_in(text) == {code}


@each_rule
def test_what_to_use_instead_is_silent(code: str) -> None:
    for text in examples(code, "Use instead"):
        assert codes_in(text) - {"MHL204"} == set()
        assert code not in codes_in(text)


@pytest.mark.parametrize("code", sorted(set(RULES) - NOT_RUN))
def test_pytorch_agrees_with_the_examples(code: str, tmp_path: Path) -> None:
    """A bad example of MHL1xx raises where the page says so; every other example runs to its end."""
    pytest.importorskip("torch")
    program = tmp_path / "example.py"
    for text in examples(code, "Example"):
        program.write_text(text, encoding="utf-8")
        if code not in RAISES:
            runpy.run_path(str(program))
            continue
        with pytest.raises(RuntimeError):
            runpy.run_path(str(program))
    for text in examples(code, "Use instead"):
        program.write_text(text, encoding="utf-8")
        runpy.run_path(str(program))


def test_the_rules_document_is_current() -> None:
    """`python scripts/write_rule_pages.py` writes it anew."""
    written = runpy.run_path(str(ROOT / "scripts" / "write_rule_pages.py"))["rule_pages"]()
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == written


@each_rule
def test_each_rule_is_listed_for_users(code: str) -> None:
    """In the README's table, and under its name where the findings' links lead."""
    assert f"| {code} | {RULES[code].name} |" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"\n## {RULES[code].name}\n" in (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
