"""Boundaries that are kept in an attribute or a container, as `self.z`, `out.features` or `cache["z"]`."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, program  # noqa: E402

LOOP = """
z = trunk(x)
opt.zero_grad()
for head, y in zip(heads, ys):
    loss = F.mse_loss(head(z), y)
    loss.backward(retain_graph=True)
opt.step()
"""
KEPT = {
    "box.z": ("box.z = trunk(x)", "z_detached = box.z.detach()"),
    'cache["z"]': ('cache["z"] = trunk(x)', 'cache["z"].backward(gradient=z_detached.grad)'),
    "trunk.last": ("trunk.last = trunk(x)", "last_detached = trunk.last.detach()"),
    "box.inner['z']": ("box.inner = {'z': trunk(x), 'n': 1}", "box.inner['z'].backward(gradient=z_detached.grad)"),
    "out.features": ("out = Box()\nout.features = trunk(x)", "out.features.backward(gradient=features_detached.grad)"),
    "box.levels[0]": ("box.levels = [trunk(x), 1]", "levels_detached = box.levels[0].detach()"),
    "box.frozen": (
        "trunk.requires_grad_(x.sum().item() < 99)\nbox.frozen = trunk(x)",
        "if box.frozen.requires_grad:\n        box.frozen.backward(gradient=frozen_detached.grad)",
    ),
}
BOX = "class Box:\n    pass\n\n\nbox = Box()\ncache = {'name': 'z'}\n\n\n"


@pytest.mark.parametrize("path", KEPT)
def test_a_boundary_that_is_no_name(path: str, tmp_path: Path) -> None:
    """An attribute or an item: the heads are given a copy that has a name, what holds the boundary stays as it is."""
    store, wanted = KEPT[path]
    text = program(LOOP.replace("z = trunk(x)", store).replace("head(z)", f"head({path})"), BOX)
    after = fixed(text)
    assert wanted in after
    assert_same(text, after, tmp_path)


ELSEWHERE = {
    "bound anew by what is called": (
        "def renew(x):\n    box.z = trunk(x)\n    return box.z\n\n\n",
        "box.z = trunk(x)",
        "box.z",
        "    renew(x)\n",
    ),
    "another object on each turn": (
        "boxes = [Box(), Box(), Box()]\n\n\n",
        "for box in boxes:\n    box.z = trunk(x)\nindex = [0]\ncurrent = Current()",
        "current.box.z",
        "",
    ),
    "read by a function inside": ("", "box.z = trunk(x)", "box.z", "    f = lambda: box.z.mean()\n    loss += f()\n"),
    "made anew whenever it is read": ("", "view = View(trunk(x))", "view.z", ""),
    "walked by what is called": (
        "def regularised(loss):\n    return loss + box.z.pow(2).mean()\n\n\n",
        "box.z = trunk(x)",
        "box.z",
        "    loss = regularised(loss)\n",
    ),
}
CLASSES = """
class Current:
    @property
    def box(self):
        index[0] += 1
        return boxes[index[0] % 3]


class View:
    def __init__(self, z):
        self.held = z

    @property
    def z(self):
        return self.held * 1.0


index = [0]
"""


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_path_that_may_lead_elsewhere(name: str, tmp_path: Path) -> None:
    """Code that is called may bind it anew or read it too: what is done then is the same, or nothing."""
    extra, store, path, more = ELSEWHERE[name]
    step = LOOP.replace("z = trunk(x)", store).replace("head(z)", f"head({path})")
    step = step.replace("index = [0]\n", "").replace("    loss.backward", f"{more}    loss.backward")
    text = program(step, BOX + CLASSES + extra)
    after = fixed(text)
    assert "_detached" not in after
    assert_same(text, after, tmp_path)
