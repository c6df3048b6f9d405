"""Heads whose first operation works in place on the boundary are given a copy of it."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, findings, fixed, offered, program, run  # noqa: E402

EXTRA = """
ends = nn.Sequential(trunk, nn.Linear(6, 6))
bold = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(6, 3))
opt.add_param_group({"params": [*ends[1].parameters(), *bold.parameters()]})
kept = []


def shifted(z):
    z += 0.5
    return second(z.relu_())


"""
BEFORE = "z = ends(x)\nopt.zero_grad()\na = F.mse_loss(first(z), ys[0])\na.backward(retain_graph=True)\n"
HEADS = {
    "a layer": ("b = F.mse_loss(bold(z), ys[1])", "F.mse_loss(bold(z_detached.clone()), ys[1])"),
    "a function": ("b = F.mse_loss(second(F.relu_(z)), ys[1])", "second(F.relu_(z_detached.clone()))"),
    "a method": ("b = F.mse_loss(second(z.relu_()), ys[1])", "second(z_detached.clone().relu_())"),
    "a flag": ("b = F.mse_loss(second(F.relu(z, inplace=True)), ys[1])", "F.relu(z_detached.clone(), inplace=True)"),
    "in the head's code": ("b = F.mse_loss(shifted(z), ys[1])", "F.mse_loss(shifted(z_detached.clone()), ys[1])"),
    "a statement": (
        "F.relu_(z)\nb = F.mse_loss(second(z), ys[1])",
        "z_copy = z_detached.clone()\n    F.relu_(z_copy)\n    b = F.mse_loss(second(z_copy), ys[1])",
    ),
    "a sum": (
        "z += 1.0\nb = F.mse_loss(second(z) + third(z), ys[1])\nprint(z.sum().item())",
        "z_copy = z_detached.clone()\n    z_copy += 1.0\n    b = F.mse_loss(second(z_copy) + third(z_copy), ys[1])",
    ),
    "a condition": (
        "if x.sum() > -100:\n    b = F.mse_loss(bold(z), ys[1])\nelse:\n    b = F.mse_loss(second(z), ys[1])",
        "        b = F.mse_loss(bold(z_detached.clone()), ys[1])\n    else:",
    ),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_works_in_place_has_a_copy(name: str, tmp_path: Path) -> None:
    """The boundary is a leaf that requires grad, which nothing may change."""
    head, expected = HEADS[name]
    text = program(f"{BEFORE}{head}\nb.backward()\nopt.step()", EXTRA)
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "safe"
    assert "a head that works in place changes a copy" in message
    after = fixed(text)
    assert expected in after
    assert_same(text, after, tmp_path)


def test_an_item_of_a_list_is_copied(tmp_path: Path) -> None:
    """The copy is of the item, not of the list."""
    step = BEFORE.replace("ends(x)", "ends(x)\nfeats = [z, torch.tanh(z) * 2]").replace("first(z)", "first(feats[0])")
    text = program(step + "b = F.mse_loss(bold(feats[1]), ys[1])\nb.backward()\nopt.step()", EXTRA)
    after = fixed(text)
    assert "bold(feats_detached[1].clone())" in after
    assert_same(text, after, tmp_path)


SEEN = {
    "printed later": ("", "b = F.mse_loss(bold(z), ys[1])", "print(z.sum().item())", "read elsewhere"),
    "another head": ("", "b = F.mse_loss(bold(z) + second(z), ys[1])", "", "more than once"),
    "kept as it was": (
        "kept.append(z.detach())",
        "b = F.mse_loss(bold(z), ys[1])",
        "print(kept[-1].sum().item())",
        "`kept` shares its memory",
    ),
    "another name": ("other = z", "b = F.mse_loss(bold(z), ys[1])", "print(other.sum().item())", "other"),
    "a view": ("", "v = z.view(5, 6)\nb = F.mse_loss(bold(v), ys[1])", "", "shares its memory"),
    "text": ("", "F.relu_(z)\nb = F.mse_loss(second(z), ys[1])\nprint(f'{z.sum():.6f}')", "", "read behind that"),
    "a loop": (
        "",
        "for _ in range(2):\n    z += 1\nb = F.mse_loss(second(z), ys[1])",
        "",
        "in place",
    ),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_change_that_others_see_is_left(name: str, tmp_path: Path) -> None:
    """They would see what was there before: the boundary is not cut, and the reason is said."""
    early, head, late, reason = SEEN[name]
    step = BEFORE.replace("opt.zero", f"{early or 'pass'}\nopt.zero")
    text = program(f"{step}{head}\nb.backward()\nopt.step()\n{late}", EXTRA)
    ((_, message),) = offered(text, "MHL201")
    assert reason in message
    after = fixed(text)
    assert "detached" not in after
    assert_same(text, after, tmp_path)


CHANGED = {
    "z = torch.sigmoid(trunk(x))\nz += 1\nloss = F.mse_loss(first(z), ys[0])": "z = z + 1",
    "z = trunk(x).exp()\nz *= ys[0].mean() + 1\nloss = F.mse_loss(first(z), ys[0])": "z = z * (ys[0].mean() + 1)",
    "z = torch.sigmoid(trunk(x))\nz.mul_(2)\nloss = F.mse_loss(first(z), ys[0])": "z = z.mul(2)",
    "z = trunk(x)\nloss = F.mse_loss(first(z), ys[0]) + F.mse_loss(bold(z), ys[1])": "bold(z.clone())",
}


@pytest.mark.parametrize("step", CHANGED)
def test_what_a_walk_needs_is_computed_anew(step: str, tmp_path: Path) -> None:
    """MHL103 by an operation: unsafe, with the assumption; the program then runs."""
    text = program(f"opt.zero_grad()\n{step}\nloss.backward()\nopt.step()", EXTRA)
    assert run(text, tmp_path).recording.error is not None
    ((applicability, message),) = offered(text, "MHL103")
    assert applicability == "unsafe"
    assert "nothing else is meant to see the change" in message
    after = fixed(text, unsafe=True)
    assert CHANGED[step] in after
    assert not {finding.code for finding in findings(after)} & {"MHL103"}
    assert run(after, tmp_path).recording.error is None


def test_heads_that_all_work_in_place_are_cut_once_they_have_copies(tmp_path: Path) -> None:
    """Each turn would change what the one before needs."""
    extra = EXTRA + "bolds = nn.ModuleList([bold, nn.Sequential(nn.ReLU(inplace=True), nn.Linear(6, 3))])\n\n\n"
    text = program(
        """
        z = ends(x)
        opt.zero_grad()
        for head, y in zip(bolds, ys):
            loss = F.mse_loss(head(z), y)
            loss.backward(retain_graph=True)
        opt.step()
        """,
        extra,
    )
    assert fixed(text) == text
    after = fixed(text, unsafe=True)
    assert "head(z_detached.clone())" in after
    assert_same(text.replace("head(z)", "head(z.clone())"), after, tmp_path)


def test_weights_and_statistics_stay_changed_in_place() -> None:
    """They are meant to change: no fix makes a name of what was a weight."""
    text = program(
        """
        z = trunk(x)
        a = F.mse_loss(first(z), ys[0])
        with torch.no_grad():
            trunk[4].weight.mul_(0.9)
        a.backward()
        """
    )
    assert fixed(text, unsafe=True, codes=("MHL103",)).count("mul_(0.9)") == 1


@pytest.mark.parametrize("change", ["F.relu_(z)", "z.data.mul_(1.5)", "z += 1.0"])
def test_a_name_of_the_module_keeps_its_values(change: str, tmp_path: Path) -> None:
    """Another module, or the next cell, may read what the head has made of them: no safe fix, and the reason."""
    step = f"{BEFORE}{change}\nb = F.mse_loss(second(z), ys[1])\nb.backward()\nopt.step()"
    head = program("pass", EXTRA.partition("def shifted")[0]).partition("def step(x, ys):")[0]
    loop = "for _ in range(2):\n    x, ys = torch.randn(5, 4), torch.randn(3, 5, 3)\n    "
    text = head + loop + step.replace("\n", "\n    ") + "\n"
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "unsafe"
    assert "`z` then keeps its values" in message
    assert fixed(text) == text
    assert_same(text, fixed(text, unsafe=True), tmp_path)


def test_a_change_that_an_older_head_walks_over(tmp_path: Path) -> None:
    """The second head has kept the boundary when it is changed: a copy would leave it as it was."""
    step = BEFORE + "b = F.mse_loss(second[1](z), ys[1])\nz.data[0] = 0\nb.backward(retain_graph=True)\n"
    text = program(f"{step}c = F.mse_loss(third[1](z), ys[2])\nc.backward()\nopt.step()", EXTRA)
    assert fixed(text) == text
    ((_, message), *_) = offered(text, "MHL201")
    assert "a tensor that a walk needs is changed in between" in message
