"""Lines that several statements share, one-line suites and lines joined by a backslash."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, offered, program  # noqa: E402

BUILD = "z = trunk(x); opt.zero_grad()\nl1 = F.mse_loss(first(z), ys[0]); l2 = F.mse_loss(second(z), ys[1])\n"

SUMS = {
    "the first goes": ("l1.backward(retain_graph=True); l2.backward()\nopt.step()", "(l1 + l2).backward()\nopt.step()"),
    "one in between": (
        "print(1); l1.backward(retain_graph=True); print(2); l2.backward(); opt.step()",
        "print(1); print(2); (l1 + l2).backward(); opt.step()",
    ),
    "the last ones of a line go": (
        "print(1); l1.backward(retain_graph=True); l2.backward(retain_graph=True)\n(l1 * l2).backward()\nopt.step()",
        "print(1)\n(l1 + l2 + l1 * l2).backward()\nopt.step()",
    ),
    "a whole line goes": (
        "l1.backward(retain_graph=True);\nl2.backward();\nopt.step();",
        "(l1 + l2).backward();\nopt.step();",
    ),
    "a call over several lines": (
        "print(1); l1.backward(\n    retain_graph=True\n); print(2)\nl2 \\\n    .backward()\nopt.step()",
        "print(1); print(2)\n(l1 + l2).backward()\nopt.step()",
    ),
    "a one-line suite": (
        "for l in [l1, l2]: l.backward(retain_graph=True)\nopt.step()",
        "sum([l1, l2]).backward()\nopt.step()",
    ),
    "one of two in a suite": (
        "if x.sum() > -100: l1.backward(retain_graph=True); print(1)\nl2.backward(); opt.step()",
        "losses = []\nif x.sum() > -100: losses.append(l1); print(1)\n"
        "losses.append(l2); sum(losses).backward(); opt.step()",
    ),
    "a suite behind a backslash": (
        "if x.sum() > -100: \\\n    l1.backward(retain_graph=True)\nl2.backward()\nopt.step()",
        "losses = []\nif x.sum() > -100: \\\n    losses.append(l1)\nlosses.append(l2)\nsum(losses).backward()\n"
        "opt.step()",
    ),
}


@pytest.mark.parametrize("name", SUMS)
def test_summed_within_a_line(name: str, tmp_path: Path) -> None:
    """What goes takes its semicolon along; what is added stands where its neighbours do."""
    before, after = (program(BUILD + part) for part in SUMS[name])
    assert fixed(before) == after
    assert_same(before, after, tmp_path)


CUTS = {
    "straight": (
        "z = trunk(x); opt.zero_grad()\na = F.mse_loss(first(z), ys[0]); a.backward(retain_graph=True)\n"
        "b = F.mse_loss(second(z), ys[1]); b.backward(); opt.step()",
        "z = trunk(x); z_detached = z.detach().requires_grad_(); opt.zero_grad()\n"
        "a = F.mse_loss(first(z_detached), ys[0]); a.backward()\n"
        "b = F.mse_loss(second(z_detached), ys[1]); b.backward(); z.backward(gradient=z_detached.grad); opt.step()",
    ),
    "a loop in one line": (
        "z = trunk(x)\nopt.zero_grad()\n"
        "for head, y in zip(heads, ys): loss = F.mse_loss(head(z), y); loss.backward(retain_graph=True)\nopt.step()",
        "z = trunk(x)\nz_detached = z.detach().requires_grad_()\nopt.zero_grad()\n"
        "for head, y in zip(heads, ys): loss = F.mse_loss(head(z_detached), y); loss.backward()\n"
        "z.backward(gradient=z_detached.grad)\nopt.step()",
    ),
    "a whole step in a suite": (
        "if len(x): z = trunk(x); a = F.mse_loss(first(z), ys[0]); a.backward(retain_graph=True); "
        "b = F.mse_loss(second(z), ys[1]); b.backward()\nopt.step()",
        "if len(x): z = trunk(x); z_detached = z.detach().requires_grad_(); a = F.mse_loss(first(z_detached), ys[0]); "
        "a.backward(); b = F.mse_loss(second(z_detached), ys[1]); b.backward(); z.backward(gradient=z_detached.grad)\n"
        "opt.step()",
    ),
}


@pytest.mark.parametrize("name", CUTS)
def test_cut_within_a_line(name: str, tmp_path: Path) -> None:
    """The cut and the reinjection are statements of the line."""
    before, after = (program(part) for part in CUTS[name])
    assert fixed(before) == after
    assert_same(before, after, tmp_path)


def test_a_block_does_not_fit_between_statements_of_a_line() -> None:
    """Where the trunk may be frozen the reinjection is a block of its own: the reason is said."""
    text = program(
        "if torch.rand(()) > 0.5: trunk.requires_grad_(False)\nz = trunk(x)\n"
        "a = F.mse_loss(first(z), ys[0]); a.backward(retain_graph=True)\n"
        "b = F.mse_loss(second(z), ys[1]); b.backward(); opt.step()"
    )
    (found,) = offered(text, "MHL201", "detach-reinject")
    assert found[0] == "safe"  # the sum, which needs none
    assert "(a + b).backward(); opt.step()" in fixed(text, "detach-reinject")


def test_indented_as_the_file_is(tmp_path: Path) -> None:
    """Two blanks where the file has two."""
    step = """
    z = trunk(x)
    opt.zero_grad()
    for head, y in zip(heads, ys):
        if y.sum() > 100:
            continue
        F.mse_loss(head(z), y).backward(retain_graph=True)
    opt.step()
    """
    text = program(step).replace("    ", "  ")
    after = fixed(text)
    assert "  if z_detached.grad is not None:\n    z.backward(gradient=z_detached.grad)\n" in after
    assert_same(text, after, tmp_path)
