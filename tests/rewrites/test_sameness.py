"""What the proof that two versions give the same gradients takes for the same, on steps that are written out."""

from __future__ import annotations

import textwrap

import pytest

from mhlint.proof.witness_traces import runs_of
from mhlint.rewrites.sameness import same_gradients
from mhlint.source import Source

HEAD = """
import torch
from torch import nn

w = nn.Parameter(torch.randn(4, 4))
opt = torch.optim.SGD([w], lr=0.1)
x = torch.randn(5, 4)
"""
# Of all parameters there is only the one that the trunk and both heads use.
BEFORE = """
z = (x @ w).tanh()
a = (z @ w).sin().sum()
a.backward(retain_graph=True)
b = (z @ w.T).cos().sum()
b.backward()
opt.step()
"""
AFTER = """
z = (x @ w).tanh()
d = z.detach().requires_grad_()
a = (d @ w).sin().sum()
a.backward()
b = (d @ w.T).cos().sum()
b.backward()
z.backward(gradient=d.grad)
opt.step()
"""
SENT = "z.backward(gradient=d.grad)\n"


def _runs(step: str) -> object:
    return runs_of(Source("program.py", HEAD + textwrap.dedent(step)))


def _same(before: str, after: str) -> bool:
    return same_gradients(_runs(before), _runs(after), lambda text: text.replace("d @", "z @"), frozenset(), range(0))  # type: ignore[arg-type]


def test_one_part_ends_in_the_head_and_one_comes_through_the_boundary() -> None:
    """Both together are the loss's gradient; so they are where the trunk is walked for each head."""
    assert _same(BEFORE, AFTER)
    each = SENT.replace(")", ", retain_graph=True)") + "d.grad = None\n"
    kept = AFTER.replace(SENT, "")
    assert not _same(BEFORE, kept)
    assert not _same(BEFORE, kept.replace("a.backward()\n", f"a.backward()\n{each}"))


WRONG = {
    "not sent": AFTER.replace(SENT, ""),
    "sent twice": AFTER.replace(SENT, SENT.replace(")", ", retain_graph=True)") + SENT),
    "sent too early": AFTER.replace(SENT, "").replace("b = ", f"{SENT}b = "),
    "sent after the step": AFTER.replace(f"{SENT}opt.step()\n", f"opt.step()\n{SENT}"),
    "without the head's own part": AFTER.replace("d @ w)", "d @ w.detach())"),
    "a loss is walked both whole and cut": AFTER.replace(
        "d = z", "a = (z @ w).sin().sum()\na.backward(retain_graph=True)\nd = z"
    ),
    "one head on another boundary": AFTER.replace("b = (d", "e = z.detach().requires_grad_()\nb = (e"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_loses_or_doubles_a_part_is_not_the_same(name: str) -> None:
    """The loss still reaches the parameter in all of these, in some of its ways."""
    assert WRONG[name] != AFTER
    assert not _same(BEFORE, WRONG[name])


def test_of_two_boundaries_both_are_sent() -> None:
    """A loss that comes through one of them has not come whole."""
    before = """
    y = (x @ w).tanh()
    z = (x @ w).sin()
    a = (y * z).sum()
    a.backward()
    """
    after = """
    y = (x @ w).tanh()
    z = (x @ w).sin()
    c, d = y.detach().requires_grad_(), z.detach().requires_grad_()
    a = (c * d).sum()
    a.backward()
    torch.autograd.backward([y, z], [c.grad, d.grad])
    """

    def rename(text: str) -> str:
        return text.replace("c * d", "y * z")

    assert same_gradients(_runs(before), _runs(after), rename, frozenset(), range(0))  # type: ignore[arg-type]
    one = after.replace("torch.autograd.backward([y, z], [c.grad, d.grad])", "y.backward(gradient=c.grad)")
    assert not same_gradients(_runs(before), _runs(one), rename, frozenset(), range(0))  # type: ignore[arg-type]
