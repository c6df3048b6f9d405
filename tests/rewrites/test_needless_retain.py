"""A `retain_graph` that nothing needs is taken out, and the flag that was only for it."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, program  # noqa: E402

ONE = "opt.zero_grad()\nloss = F.mse_loss(first(trunk(x)), ys[0])\n{walk}\nopt.step()"

KEPT = {
    "walked again": ONE.replace("opt.step", "loss.backward()\nopt.step"),
    "comment inside": ONE.format(walk="loss.backward(\n    retain_graph=True,  # for later\n)"),
    "returned": ONE.format(walk="loss.backward(retain_graph=True)") + "\nreturn loss",
}


@pytest.mark.parametrize("name", ["comment inside", "walked again"])
def test_left_alone(name: str) -> None:
    """A flag that is needed, or that cannot be taken out without a comment."""
    text = program(KEPT[name].format(walk="loss.backward(retain_graph=True)"))
    assert fixed(text, codes=("MHL203",)) == text


FORMS = {
    "keyword": ("loss.backward(retain_graph=True)", "loss.backward()"),
    "positional": ("loss.backward(None, True)", "loss.backward()"),
    "gradient before": (
        "loss.backward(torch.ones(()), retain_graph=True)",
        "loss.backward(torch.ones(()))",
    ),
    "between others": (
        "torch.autograd.backward(loss, retain_graph=True, create_graph=False)",
        "torch.autograd.backward(loss, create_graph=False)",
    ),
    "several lines": (
        "torch.autograd.backward(\n    loss,\n    retain_graph=True,\n)",
        "torch.autograd.backward(\n    loss,\n)",
    ),
    "dead flag": ("keep = True\nloss.backward(retain_graph=keep)", "loss.backward()"),
    "bracketed": ("loss.backward(retain_graph=(True))", "loss.backward()"),
    "expression": ("(loss * 2).backward(retain_graph=True)", "(loss * 2).backward()"),
}


@pytest.mark.parametrize("name", FORMS)
def test_removed(name: str, tmp_path: Path) -> None:
    """The expected text, and the same gradients."""
    before, after = (program(ONE.format(walk=walk)) for walk in FORMS[name])
    assert fixed(before) == after
    assert_same(before, after, tmp_path)


def test_a_flag_with_other_uses_stays() -> None:
    """Only what nothing else reads is dead."""
    text = program(ONE.format(walk="keep = True\nprint(keep)\nloss.backward(retain_graph=keep)"))
    after = fixed(text)
    assert "loss.backward()" in after
    assert "keep = True" in after
