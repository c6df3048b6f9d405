"""Boundaries of several tensors of which each head uses some: what no head reached is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, offered, program  # noqa: E402

REACHED = "torch.autograd.backward([part for part, _ in reached], [grad for _, grad in reached])"
CHANCE = "torch.rand(()).item() < {chance}"

STEPS = {
    "one of a list is never used": (
        "t = trunk(x)\nfeats = [t, torch.tanh(t), torch.sigmoid(t)]\nopt.zero_grad()\n"
        "for head, y in zip(heads, ys):\n"
        "    F.mse_loss(head(feats[0]) + head(feats[1]), y).backward(retain_graph=True)\nopt.step()",
        "for part, leaf in zip(feats, feats_detached) if leaf.grad is not None",
    ),
    "a level for each head, some skipped": (
        "t = trunk(x)\nfeats = {'a': t, 'b': torch.tanh(t), 'c': torch.sigmoid(t)}\nopt.zero_grad()\n"
        f"for name, head, y in zip(feats, heads, ys):\n    if {CHANCE}:\n        continue\n"
        "    F.mse_loss(head(feats[name]), y).backward(retain_graph=True)\nopt.step()",
        "zip(feats.values(), feats_detached.values()) if leaf.grad is not None",
    ),
    "two names, one under a condition": (
        "t = trunk(x)\nlow, high = t, torch.tanh(t)\nopt.zero_grad()\n"
        f"a = F.mse_loss(first(low), ys[0])\na.backward(retain_graph=True)\nif {CHANCE}:\n"
        "    b = F.mse_loss(second(high), ys[1])\n    b.backward(retain_graph=True)\n"
        "c = F.mse_loss(third(low), ys[2])\nc.backward()\nopt.step()",
        "[(low, low_detached), (high, high_detached)] if leaf.grad is not None",
    ),
    "one of two names": (
        "t = trunk(x)\nlow, high = torch.sigmoid(t), torch.tanh(t)\nopt.zero_grad()\n"
        f"for head, y in zip(heads, ys):\n    fed = low if {CHANCE} else high\n"
        "    F.mse_loss(head(fed), y).backward(retain_graph=True)\nopt.step()",
        "[(low, low_detached), (high, high_detached)] if leaf.grad is not None",
    ),
    "a list and a tensor": (
        "t = trunk(x)\nfeats, pooled = [t, torch.tanh(t)], torch.sigmoid(t)\nopt.zero_grad()\n"
        "a = F.mse_loss(first(feats[0]), ys[0])\na.backward(retain_graph=True)\n"
        "b = F.mse_loss(second(pooled), ys[1])\nb.backward(retain_graph=True)\n"
        "c = F.mse_loss(third(feats[1]), ys[2])\nc.backward()\nopt.step()",
        "[*zip(feats, feats_detached), (pooled, pooled_detached)]",
    ),
    "a list that is filled": (
        "feats = []\nh = x\nfor layer in trunk:\n    h = layer(h)\n    feats.append(h)\nopt.zero_grad()\n"
        "for i, (head, y) in enumerate(zip(heads, ys)):\n"
        "    F.mse_loss(head(feats[i]), y).backward(retain_graph=True)\nopt.step()",
        "zip(feats, feats_detached) if leaf.grad is not None",
    ),
    "a record": (
        "t = trunk(x)\nout = Out(t, torch.tanh(t), torch.sigmoid(t))\nopt.zero_grad()\n"
        "for head, y in zip(heads, ys):\n"
        "    F.mse_loss(head(out.low) + head(out.high), y).backward(retain_graph=True)\nopt.step()",
        "out_detached = out._make(feature.detach().requires_grad_() for feature in out)",
    ),
    "a list with the input in it": (
        "t = trunk(x)\nfeats = [torch.ones(5, 4, dtype=torch.int), t, torch.tanh(t)]\nopt.zero_grad()\n"
        "for head, y in zip(heads, ys):\n"
        "    F.mse_loss(head(feats[1]) + head(feats[2]), y).backward(retain_graph=True)\nopt.step()",
        "[feature.detach().requires_grad_() if feature.requires_grad else feature for feature in feats]",
    ),
}


def says(text: str, wanted: str) -> bool:
    """Is something written in a text, on however many lines?"""
    return "".join(wanted.split()) in "".join(text.split())


EXTRA = "from collections import namedtuple\n\nOut = namedtuple('Out', 'low high top')\n\n\n"


@pytest.mark.parametrize("chance", ["-1", "2"])
@pytest.mark.parametrize("name", STEPS)
def test_what_no_head_reached_is_left_out(name: str, chance: str, tmp_path: Path) -> None:
    """For a part without a gradient the engine would raise."""
    step, expected = STEPS[name]
    text = program(step.replace("{chance}", chance), EXTRA)
    after = fixed(text)
    assert says(after, expected)
    assert says(after, REACHED)
    assert_same(text, after, tmp_path)


def test_a_part_that_was_made_before_the_cut_moves_the_cut(tmp_path: Path) -> None:
    """A head on what was computed from the boundary before it was cut would walk the trunk by itself."""
    text = program(
        """
        low = trunk(x)
        high = torch.tanh(low)
        opt.zero_grad()
        a = F.mse_loss(first(low), ys[0])
        a.backward(retain_graph=True)
        b = F.mse_loss(second(high), ys[1])
        b.backward()
        opt.step()
        """
    )
    after = fixed(text)
    assert says(after, "torch.autograd.backward([low, high], [low_detached.grad, high_detached.grad])")
    assert_same(text, after, tmp_path)


MORE = "t = trunk(x)\nout = {'low': t, 'high': torch.tanh(t), 'size': 5}\n"


def test_what_a_dict_holds_besides_tensors_is_said() -> None:
    """It could not be detached item by item; the losses are summed."""
    loop = "for key, head in (('low', first), ('high', second)):\n    loss = F.mse_loss(head(out[key]), ys[0])\n"
    text = program(f"{MORE}{loop}    loss.backward(retain_graph=True)\nopt.step()")
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "safe"
    assert "Walk the sum of the losses" in message
    assert "detach-reinject: `out` holds more than tensors" in message


def test_the_items_of_a_dict_that_holds_more_are_cut_one_by_one(tmp_path: Path) -> None:
    """Each has a name of its own then; what else the dict holds is left as it is."""
    step = MORE + "".join(
        f"{name} = F.mse_loss({head}(out['{key}']), ys[0])\n{name}.backward({flag})\n"
        for name, head, key, flag in (("a", "first", "low", "retain_graph=True"), ("b", "second", "high", ""))
    )
    text = program(step + "opt.step()")
    after = fixed(text)
    assert says(after, "torch.autograd.backward([out['low'], out['high']], [low_detached.grad, high_detached.grad])")
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("frozen", ["True", "False"])
def test_a_part_that_may_be_frozen_is_asked(frozen: str, tmp_path: Path) -> None:
    """One of two trunks may have no graph, the other has one."""
    extra = "side = nn.Sequential(nn.Linear(4, 6), nn.Tanh())\nfrozen = torch.rand(()).item() < {}\n\n\n"
    text = program(
        """
        if frozen:
            trunk.requires_grad_(False)
        low, high = trunk(x), side(x)
        opt.zero_grad()
        for head, y in zip(heads, ys):
            F.mse_loss(head(low) + head(high), y).backward(retain_graph=True)
        opt.step()
        """,
        extra.format("2" if frozen == "True" else "-1"),
    )
    after = fixed(text)
    assert says(after, "if part.requires_grad and leaf.grad is not None")
    assert_same(text, after, tmp_path)


GRADIENTS = {
    "another part": ("feats[0]", "t_detached = t.detach()"),
    "its own part": ("feats[i]", "feats_detached = [feature.detach()"),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_that_comes_by_way_of_another_part(name: str, tmp_path: Path) -> None:
    """Cut, the parts are leaves, and no gradient would come through one to the other: then the cut is made below."""
    inputs, wanted = GRADIENTS[name]
    text = program(
        f"""
        t = trunk(x)
        feats = [t, torch.tanh(t), torch.sigmoid(t)]
        opt.zero_grad()
        for i, (head, y) in enumerate(zip(heads, ys)):
            loss = F.mse_loss(head(feats[i]), y)
            found = torch.autograd.grad(loss, {inputs}, retain_graph=True, allow_unused=True)
            print(sum(f.sum().item() for f in found if f is not None))
            loss.backward(retain_graph=True)
        opt.step()
        """
    )
    after = fixed(text)
    assert wanted in after
    assert_same(text, after, tmp_path)
