"""Where the boundary is cut: in front of the heads, also where what they put out stands on lines of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, offered, program  # noqa: E402

IN_TURN = """
z = trunk(x)
out = torch.tanh(first(z))
opt.zero_grad()
a = F.mse_loss(out, ys[0])
a.backward(retain_graph=True)
other = second(z)
b = F.mse_loss(other, ys[1])
b.backward()
opt.step()
"""
ONE_EARLY = """
z = trunk(x)
out = torch.tanh(first(z))
early = second(z)
opt.zero_grad()
a = F.mse_loss(out, ys[0])
a.backward(retain_graph=True)
b = F.mse_loss(early, ys[1])
b.backward(retain_graph=True)
c = F.mse_loss(third(z), ys[2])
c.backward()
opt.step()
"""
CARELESS = """
z = trunk(x)
if z.requires_grad:
    out = torch.tanh(first(z))
else:
    out = first(z)
opt.zero_grad()
a = F.mse_loss(out, ys[0])
a.backward(retain_graph=True)
b = F.mse_loss(second(z), ys[1])
b.backward()
opt.step()
"""


def test_a_head_is_not_left_on_the_trunk_s_side(tmp_path: Path) -> None:
    """Its output has a name too, but a cut there would leave the head alive until the trunk is walked."""
    text = program(IN_TURN)
    after = fixed(text)
    assert "first(z_detached)" in after
    assert "second(z_detached)" in after
    assert "z.backward(gradient=z_detached.grad)" in after
    assert "out_detached" not in after
    ((_, message),) = offered(text, "MHL201")
    assert "each head is freed before the next one runs" in message
    assert_same(text, after, tmp_path)


def test_a_head_that_has_run_early_is_not_promised_to_run_late(tmp_path: Path) -> None:
    """Two heads live together up to the first walk, whatever the rewrite: only the third runs behind."""
    text = program(ONE_EARLY)
    after = fixed(text)
    assert "first(z_detached)" in after
    assert "z.backward(gradient=z_detached.grad)" in after
    ((_, message),) = offered(text, "MHL201")[-1:]
    assert "each head is freed" not in message
    assert "what runs behind a walk finds the head of that walk freed" in message
    assert_same(text, after, tmp_path)


def test_the_latest_cut_is_taken_where_the_better_one_cannot_be(tmp_path: Path) -> None:
    text = program(CARELESS)
    after = fixed(text)
    assert_same(text, after, tmp_path)


def test_a_forward_hook_that_asks_for_leaves_is_not_deceived(tmp_path: Path) -> None:
    hook = "first.register_forward_pre_hook(lambda m, i, k: print(i[0].is_leaf), with_kwargs=True)\n\n\n"
    ((applicability, message),) = offered(program(IN_TURN, hook), "MHL201")
    assert applicability == "unsafe"
    assert "a forward hook could see that a head is given a leaf" in message
    # Where the hook is run as torch runs it, the losses are summed: the head is given what it was given.
    text = program(IN_TURN, "first.register_forward_pre_hook(lambda m, i: print(i[0].is_leaf))\n\n\n")
    after = fixed(text)
    assert "(a + b).backward()" in after
    assert_same(text, after, tmp_path)


def test_a_gradient_that_is_named_is_not_given_to_a_function_that_has_no_such_word(tmp_path: Path) -> None:
    step = "z = trunk(x)\nopt.zero_grad()\nlosses = [F.mse_loss(h(z), y) for h, y in zip(heads, ys)]\n"
    walks = "[l.backward(gradient=None, retain_graph=True) for l in losses]\nopt.step()"
    text = program(step + walks)
    after = fixed(text)
    assert "autograd.backward(losses, gradient" not in after
    assert_same(text, after, tmp_path)


EARLY = """
z = trunk(x)
opt.zero_grad()
LINES
a = F.mse_loss(first(z), ys[0])
a.backward(retain_graph=True)
b = F.mse_loss(second(z), ys[1])
b.backward()
opt.step()
"""


def test_a_gradient_that_is_taken_in_front_of_the_heads(tmp_path: Path) -> None:
    """The copy is there from the boundary's own line on: what it leads to between that and the heads counts, too."""
    lines = "gs = torch.autograd.grad(z.sum(), list(trunk.parameters()), retain_graph=True, allow_unused=True)\n"
    text = program(EARLY.replace("LINES", lines + "print(sum(g.norm().item() for g in gs if g is not None))"))
    after = fixed(text)
    assert "(a + b).backward()" in after
    ((_, message),) = offered(text, "MHL201")
    assert "a gradient is taken below the boundary" in message
    assert_same(text, after, tmp_path)


def test_unseen_code_that_is_given_the_boundary_in_front_of_the_heads() -> None:
    """It may put a hook on it, or ask for its graph: the cut is unsafe, and the sum is not asked for."""
    text = program(EARLY.replace("LINES", "watch(z)"), "from somewhere import watch\n\n\n")
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "unsafe"
    assert "`watch` is not seen, and would be given a detached boundary" in message
