"""A `retain_graph` that nothing needs is taken out, and the flag that was only for it."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, offered, program  # noqa: E402

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


FLAG = "seen = []\n\n\ndef flag():\n    seen.append(1)\n    return True\n\n\n"
CALLED = {
    "by name": "loss.backward(retain_graph=flag())",
    "by position": "loss.backward(None, flag())",
    "in a list": "torch.autograd.backward([loss], None, flag())",
}


@pytest.mark.parametrize("name", CALLED)
def test_a_flag_that_is_a_call(name: str) -> None:
    """It may do more than to say whether to retain."""
    text = program(ONE.format(walk=CALLED[name]), FLAG)
    assert fixed(text) == text
    ((applicability, message),) = offered(text, "MHL203")
    assert applicability == "unsafe"
    assert "has no effect" in message


HELPER = "def update(loss, retain_graph=False):\n    loss.backward(retain_graph=retain_graph)\n\n\nopt.zero_grad()\n"


def test_a_helper_is_told_not_to_retain(tmp_path: Path) -> None:
    """It may retain by default."""
    step = HELPER + "update(F.mse_loss(first(trunk(x)), ys[0]), retain_graph={})\nopt.step()"
    before, after = program(step.format(True)), program(step.format(False))
    assert fixed(before) == after
    assert_same(before, after, tmp_path)


def test_a_flag_that_counts(tmp_path: Path) -> None:
    """`len` and its kin have no effect."""
    text = program(ONE.format(walk="loss.backward(retain_graph=len(ys) > 1)"))
    after = fixed(text)
    assert "loss.backward()" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
def test_flags_that_are_calls_in_a_step(style: str) -> None:
    """The rewritten step has no flag to ask for."""
    step = "z = trunk(x)\nopt.zero_grad()\nfor head, y in zip(heads, ys):\n"
    text = program(f"{step}    F.mse_loss(head(z), y).backward(retain_graph=flag())\nopt.step()", FLAG)
    assert fixed(text, style) == text
    ((applicability, message),) = offered(text, "MHL201", style)
    assert applicability == "unsafe"
    assert "`flag()`" in message


COMMENTS = {
    "loss.backward(retain_graph=True)  # retain_graph: walked again below": "loss.backward()",
    "(loss.backward(retain_graph=True))  # retain graph!": "(loss.backward())",
    "loss.backward(retain_graph=True)  # the first of two": "loss.backward()  # the first of two",
    "loss.backward(retain_graph=True)  # noqa: E501, retain_graph": "loss.backward()  # noqa: E501, retain_graph",
    "loss.backward(retain_graph=True); print('# retain_graph')": "loss.backward(); print('# retain_graph')",
}


@pytest.mark.parametrize("line", COMMENTS)
def test_a_comment_on_the_flag_goes_with_it(line: str) -> None:
    """It would speak of what is no longer there; other comments stay."""
    text = program(f"opt.zero_grad()\nloss = F.mse_loss(first(trunk(x)), ys[0])\n{line}\nopt.step()")
    assert fixed(text) == text.replace(line, COMMENTS[line])
