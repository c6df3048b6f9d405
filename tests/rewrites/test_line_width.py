"""Lines that a fix makes too long are broken in brackets; the others stay as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mhlint.analyse import Request, analyse  # noqa: E402
from mhlint.documents import open_document  # noqa: E402
from mhlint.rules import RULES  # noqa: E402
from mhlint.settings import settings_for  # noqa: E402

from .stepping import assert_same  # noqa: E402

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
trunk = nn.Sequential(nn.Linear(4, 6), nn.Tanh())
heads = nn.ModuleList(nn.Linear(6, 3) for _ in range(3))
opt = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)


def step(x, ys):
    z = trunk(x)
"""
TAIL = """

for _ in range(2):
    step(torch.randn(5, 4), torch.randn(3, 5, 3))
"""
LEVELS = """\
    feats = {"a": z, "b": torch.tanh(z), "c": torch.sigmoid(z)}
    opt.zero_grad()
    for name, head, y in zip(feats, heads, ys):
        if name == "b":
            continue
        loss = F.mse_loss(head(feats[name]), y) + feats[name].mean() / 10
        loss.backward(retain_graph=True)
    opt.step()
"""
SUM = """\
    loss_classification = F.mse_loss(heads[0](z), ys[0])
    loss_reconstruction = F.mse_loss(heads[1](z), ys[1])
    loss_regularisation = F.mse_loss(heads[2](z), ys[2])
    opt.zero_grad()
    loss_classification.backward(retain_graph=True)
    loss_reconstruction.backward(retain_graph=True)
    loss_regularisation.backward()
    opt.step()
"""
PARTS = """\
    features_of_source, slow_of_source = trunk(x), torch.tanh(trunk(x))
    features_of_target, slow_of_target = trunk(-x), torch.tanh(trunk(-x))
    opt.zero_grad()
    a = F.mse_loss(heads[0](features_of_source * slow_of_source), slow_of_target[:, :3])
    a.backward(retain_graph=True)
    b = F.mse_loss(heads[1](features_of_source), heads[1](features_of_target))
    b.backward(retain_graph=True)
    c = F.mse_loss(heads[2](slow_of_source * slow_of_target), features_of_target[:, :3])
    c.backward()
    opt.step()
"""
ROW = """\
    opt.zero_grad(); a = F.mse_loss(heads[0](z), ys[0]); a.backward(retain_graph=True)
    b = F.mse_loss(heads[1](z), ys[1]); b.backward(); opt.step()
"""


def fixed(text: str, line_length: int = 0) -> str:
    """The text with its first fix made."""
    source = open_document("program.py", text.encode()).source
    request = Request(frozenset(RULES), line_length=line_length)
    fixes = [finding.fix for finding in analyse(source, request).findings if finding.fix and finding.fix.edits]
    return source.apply(fixes[0].edits)


@pytest.mark.parametrize("step", [LEVELS, SUM, PARTS, ROW])
@pytest.mark.parametrize("length", [0, 88, 100, 200])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_no_line_grows_over_the_length(step: str, length: int, ending: str, tmp_path: Path) -> None:
    """As long as the file's formatter is told, or as its own longest line is."""
    text = (HEAD + step + TAIL).replace("\n", ending)
    after = fixed(text, length)
    longest = length or max(79, *(len(line) for line in text.split(ending)))
    assert max(len(line) for line in after.split(ending)) <= longest
    assert after.count("\n") == after.count(ending)
    assert_same(text, after, tmp_path)


def test_broken_as_formatters_do() -> None:
    """The longest brackets are opened, with one clause or item a line where need be."""
    after = fixed(HEAD + LEVELS + TAIL)
    assert """\
    reached = [
        (part, leaf.grad)
        for part, leaf in zip(feats.values(), feats_detached.values())
        if leaf.grad is not None
    ]
    torch.autograd.backward(
        [part for part, _ in reached], [grad for _, grad in reached]
    )
""" in after
    assert """\
    (
        loss_classification + loss_reconstruction + loss_regularisation
    ).backward()
""" in fixed(HEAD + SUM + TAIL)


def test_a_list_in_a_list_is_broken_where_it_is_too_long_itself() -> None:
    """The gradients of several boundaries are one argument."""
    assert """\
    torch.autograd.backward(
        [features_of_source, slow_of_source, slow_of_target, features_of_target],
        [
            features_of_source_detached.grad,
            slow_of_source_detached.grad,
            slow_of_target_detached.grad,
            features_of_target_detached.grad,
        ],
    )
""" in fixed(HEAD + PARTS + TAIL, 88)


def test_what_was_too_long_before_stays() -> None:
    """A line is not broken for what its writer made of it."""
    step = SUM.replace("loss_regularisation.backward()", "loss_regularisation.backward()  # " + "x" * 60)
    after = fixed(HEAD + step + TAIL, 79)
    assert "    (loss_classification + loss_reconstruction + loss_regularisation).backward()  # xx" in after


@pytest.mark.parametrize("table", ["tool.ruff", "tool.black"])
def test_the_length_is_read_from_the_formatter(table: str, tmp_path: Path) -> None:
    """Of the nearest pyproject.toml that gives one; ours need not be there."""
    inner = tmp_path / "package" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(f"[{table}]\nline-length = 101\n")
    (tmp_path / "package" / "pyproject.toml").write_text("[tool.mhlint]\nfix-style = 'sum'\n")
    assert settings_for({})(str(inner)).line_length == 101
    assert settings_for({}, isolated=True)(str(inner)).line_length == 0
