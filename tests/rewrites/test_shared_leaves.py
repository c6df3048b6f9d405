"""A parameter of the trunk that a head uses, too: part of its gradient comes through the boundary, part does not."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from gradient_recording import largest_difference, record  # noqa: E402

from .stepping import assert_same, fixed, offered, program  # noqa: E402

TIED = """
z = trunk(x)
opt.zero_grad()
for head, y in zip(heads, ys):
    loss = F.mse_loss(head(z @ trunk[4].weight.T), y)
    loss.backward(retain_graph=True)
opt.step()
"""
OWN_INPUT = """
x.requires_grad_()
z = trunk(x)
opt.zero_grad()
a = F.mse_loss(first(z)[:, :1].expand(5, 4), x)
a.backward(retain_graph=True)
b = F.mse_loss(second(z), ys[1])
b.backward()
print(x.grad.sum().item())
opt.step()
"""
ALIKE = {
    "tied": TIED,
    "by a function": TIED.replace("z @ trunk[4].weight.T", "F.linear(z, trunk[4].weight)"),
    "turned once": TIED.replace("trunk[4].weight.T)", "w)").replace("opt.zero", "w = trunk[4].weight.T\nopt.zero"),
    "used twice": TIED.replace("z @", "z @ trunk[4].weight @"),
    "one of two": TIED.replace("z @ trunk[4].weight.T", "z @ trunk[4].weight.T if head is first else z"),
    "penalty": TIED.replace(", y)", ", y) + trunk[4].weight.pow(2).sum() + trunk[0].weight.abs().sum()"),
    "own input": OWN_INPUT,
    "two boundaries": """
        first_half = trunk[:3](x)
        z = trunk[3:](first_half)
        opt.zero_grad()
        a = F.mse_loss(first(z @ trunk[4].weight + first_half), ys[0])
        a.backward(retain_graph=True)
        b = F.mse_loss(second(first_half @ trunk[4].weight), ys[1])
        b.backward()
        opt.step()
    """,
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_a_head_shares_with_the_trunk_may_be_cut(name: str, tmp_path: Path) -> None:
    """Each way from a loss to the parameter is walked once, as before, whether it ends in the head or leads on."""
    text = program(ALIKE[name])
    after = fixed(text)
    assert "_detached" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("name", ["tied", "own input"])
def test_the_gradients_are_as_close_in_float32(name: str, tmp_path: Path) -> None:
    """The parts of the sum are added in another order: that is all."""
    recordings = []
    for text in (program(ALIKE[name]), fixed(program(ALIKE[name]))):
        path = tmp_path / "program.py"
        path.write_text(text)
        recordings.append(record(path, torch.float32))
    assert recordings[0].steps
    assert largest_difference(*recordings).relative <= 1e-5


TURN = "retain_graph=True)"
SEEN = {
    "hook": TIED.replace("opt.zero", "trunk[4].weight.register_hook(lambda g: g / g.norm())\nopt.zero"),
    "accumulated": TIED.replace(
        "opt.zero", "trunk[4].weight.register_post_accumulate_grad_hook(lambda p: p.grad.clamp_(-0.1, 0.1))\nopt.zero"
    ),
    "read": TIED.replace(TURN, f"{TURN}\n    print(trunk[4].weight.grad.norm().item())"),
    "changed": TIED.replace(TURN, f"{TURN}\n    trunk[4].weight.data.mul_(0.9)"),
    "cleared": TIED.replace(TURN, f"{TURN}\n    trunk[4].weight.grad = None"),
    "cleared by another name": TIED.replace("opt.zero", "w = trunk[4].weight\nopt.zero").replace(
        TURN, f"{TURN}\n    w.grad = None"
    ),
    "clipped": TIED.replace(TURN, f"{TURN}\n    nn.utils.clip_grad_norm_([trunk[4].weight], 0.1)"),
    "stepped": TIED.replace(TURN, f"{TURN}\n    torch.optim.SGD([trunk[4].weight], lr=0.1).step()"),
}


@pytest.mark.parametrize("name", SEEN)
def test_where_its_gradient_is_looked_at_in_between_it_is_left(name: str) -> None:
    """After the walk of a head it has then only the part that ends in the head."""
    text = program(SEEN[name])
    assert fixed(text) == text


def test_a_loss_that_reaches_the_trunk_around_the_boundary_is_summed(tmp_path: Path) -> None:
    """A tensor inside of the trunk is no leaf: a walk that enters there would free what the trunk's walk needs."""
    text = program(
        TIED.replace("z = trunk(x)", "mid = trunk[:3](x)\ninner = lambda: mid\nz = trunk[3:](mid)").replace(
            "z @", "(z + inner()) @"
        )
    )
    after = fixed(text)
    assert "_detached" not in after
    assert "sum(losses).backward()" in after
    assert_same(text, after, tmp_path)


WRAPPED = """
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

trunk = DistributedDataParallel(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 6)))
heads = nn.ModuleList(nn.Linear(6, 3) for _ in range(3))
opt = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)
for x, y in [(torch.randn(5, 4), torch.randn(5, 3))]:
    z = trunk(x)
    opt.zero_grad()
    for head in heads:
        loss = (head(z @ trunk.module[2].weight) - y).pow(2).mean()
        loss.backward(retain_graph=True)
    opt.step()
"""


def test_what_is_shared_with_a_distributed_module_is_filled_by_one_walk() -> None:
    """`Expected to mark a variable ready only once`: its wrapper raises where two walks fill one of its parameters."""
    ((applicability, message),) = offered(WRAPPED, "MHL308")
    assert applicability == "unsafe"
    assert "a parameter of the distributed module is used outside of it" in message
    assert "sum(losses).backward()" in fixed(WRAPPED, unsafe=True)
    assert "z_detached" in fixed(WRAPPED.replace("@ trunk.module[2].weight", "* 2"), unsafe=True)
