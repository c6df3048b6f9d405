"""Losses side by side, in lists and in dicts become one walk of their sum."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, findings, fixed, offered, program  # noqa: E402

BUILD = """
z = trunk(x)
opt.zero_grad()
l1 = F.mse_loss(first(z), ys[0])
l2 = F.mse_loss(second(z), ys[1])
l3 = F.mse_loss(third(z), ys[2])
"""

UNTOUCHED = {
    "clipped between": BUILD
    + "l1.backward(retain_graph=True)\nnn.utils.clip_grad_norm_(trunk.parameters(), 0.1)\nl2.backward()\nopt.step()",
    "cleared between": BUILD + "l1.backward(retain_graph=True)\nopt.zero_grad()\nl2.backward()\nopt.step()",
    "read between": BUILD
    + "l1.backward(retain_graph=True)\nprint(trunk[0].weight.grad.norm())\nl2.backward()\nopt.step()",
    "returned between": BUILD
    + "l1.backward(retain_graph=True)\nif l1 > 100:\n    return\nl2.backward()\nopt.step()",
    "caught": BUILD
    + "try:\n    l1.backward(retain_graph=True)\n    l2.backward()\nexcept RuntimeError:\n    pass\nopt.step()",
    "twice": BUILD + "l1.backward(retain_graph=True)\nl1.backward()\nopt.step()",
    "inputs": BUILD
    + "l1.backward(retain_graph=True, inputs=list(trunk.parameters()))\nl2.backward()\nopt.step()",
    "mode": BUILD + "l1.backward(retain_graph=True)\ntrunk.eval()\nl2.backward()\nopt.step()\ntrunk.train()",
}


@pytest.mark.parametrize("name", UNTOUCHED)
@pytest.mark.parametrize("style", ["auto", "sum"])
def test_left_alone(name: str, style: str) -> None:
    """Where something could tell the walks apart, or the lines cannot be edited, nothing is changed."""
    text = program(UNTOUCHED[name])
    assert fixed(text, style) == text


BY_PHASE = """
for phase in ("train", "valid"):
    opt.zero_grad()
    with torch.set_grad_enabled(FLAG):
        z = trunk(x)
        l1 = F.mse_loss(first(z), ys[0])
        l2 = F.mse_loss(second(z), ys[1])
        if phase == "train":
            l1.backward(retain_graph=True)
            l2.backward()
            opt.step()
"""


def test_gradients_that_are_on_where_the_walks_are_made(tmp_path: Path) -> None:
    """`set_grad_enabled` of the flag that is asked before the walks: a sum that is built there has a graph."""
    text = program(BY_PHASE.replace("FLAG", 'phase == "train"'))
    after = fixed(text, "auto")
    assert "(l1 + l2).backward()" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("flag", ["True if x.sum() > 0 else False", 'phase != "test"', "trunk.training"])
def test_gradients_that_may_be_off_where_the_walks_are_made(flag: str) -> None:
    """A sum that is built without gradients has no graph."""
    text = program(BY_PHASE.replace("FLAG", flag))
    assert fixed(text, "auto") == text


def test_an_unseen_call_between_makes_it_unsafe() -> None:
    """Code that is not seen could read gradients."""
    text = program(
        BUILD + "l1.backward(retain_graph=True)\nspy(trunk)\nl2.backward()\nopt.step()",
        "from spies import spy\n",
    )
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "unsafe"
    assert "spy" in message


def test_a_function_with_its_own_backward_makes_it_unsafe() -> None:
    """A custom backward may normalise the gradient: once is not n times."""
    extra = """
    class Unit(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return g / g.norm()

    """
    step = BUILD.replace("trunk(x)", "Unit.apply(trunk(x))")
    text = program(step + "l1.backward(retain_graph=True)\nl2.backward()\nopt.step()", extra)
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "unsafe"
    assert "Unit.apply" in message


PAIRS = {
    "two": ("l1.backward(retain_graph=True)\nl2.backward()", "(l1 + l2).backward()"),
    "three": (
        "l1.backward(retain_graph=True)\nl2.backward(retain_graph=True)\nl3.backward()",
        "(l1 + l2 + l3).backward()",
    ),
    "positional": ("l1.backward(None, True)\nl2.backward()", "(l1 + l2).backward()"),
    "raising": ("l1.backward()\nl2.backward()", "(l1 + l2).backward()"),
    "raising, three": ("l1.backward()\nl2.backward()\nl3.backward()", "(l1 + l2 + l3).backward()"),
    "logged between": (
        "l1.backward(retain_graph=True)\nprint(l1.item())  # log\nl2.backward()  # last",
        "print(l1.item())  # log\n(l1 + l2).backward()  # last",
    ),
    "rebound": (
        "l1.backward(retain_graph=True)\nl1 = l1.item()\nprint(l1)\nl2.backward()",
        "loss = l1\nl1 = l1.item()\nprint(l1)\n(loss + l2).backward()",
    ),
    "expressions": (
        "(0.5 * l1).backward(retain_graph=True)\nl2.mean().backward()",
        "loss = 0.5 * l1\n(loss + l2.mean()).backward()",
    ),
    "rows held together by the brackets around the statement": (
        "l1.backward(retain_graph=True)\n(\n    l2\n    .mean()\n    .backward()\n)",
        "(\n    (l1 + l2\n    .mean()).backward()\n)",
    ),
    "such rows bound to a name": (
        "(\n    l1\n    .mean()\n    .backward(retain_graph=True)\n)\nl2.mean().backward()",
        "loss = (l1\n    .mean())\n(loss + l2.mean()).backward()",
    ),
    "difference": ("l1.backward(retain_graph=True)\n(l2 - l3).backward()", "(l1 + (l2 - l3)).backward()"),
    "autograd": (
        "torch.autograd.backward(l1, retain_graph=True)\ntorch.autograd.backward(l2)",
        "torch.autograd.backward([l1, l2])",
    ),
    "autograd lists": (
        "torch.autograd.backward([l1, l2], retain_graph=True)\ntorch.autograd.backward([l3])",
        "torch.autograd.backward([l1, l2, l3])",
    ),
    "list": (
        "losses = [l1, l2, l3]\nfor loss in losses:\n    loss.backward(retain_graph=True)",
        "losses = [l1, l2, l3]\nsum(losses).backward()",
    ),
    "all but the last": (
        "losses = [l1, l2, l3]\nfor i, loss in enumerate(losses):\n    loss.backward(retain_graph=i < len(losses) - 1)",
        "losses = [l1, l2, l3]\nsum(losses).backward()",
    ),
    "dict": (
        "losses = {'a': l1, 'b': l2}\nfor name, loss in losses.items():\n    loss.backward(retain_graph=True)",
        "losses = {'a': l1, 'b': l2}\nsum(losses.values()).backward()",
    ),
    "list, logged": (
        "losses = [l1, l2, l3]\nfor loss in losses:\n    loss.backward(retain_graph=True)\n    print(loss.item())",
        "losses = [l1, l2, l3]\nfor loss in losses:\n    print(loss.item())\nsum(losses).backward()",
    ),
    "range": (
        "losses = [l1, l2, l3]\nfor i in range(len(losses)):\n    losses[i].backward(retain_graph=True)",
        "losses = [l1, l2, l3]\nsum(losses).backward()",
    ),
    "weighted": (
        "for w, loss in zip([1.0, 0.5], [l1, l2]):\n    (w * loss).backward(retain_graph=True)",
        "sum(w * loss for w, loss in zip([1.0, 0.5], [l1, l2])).backward()",
    ),
    "in a comprehension": (
        "losses = [l1, l2, l3]\n[loss.backward(retain_graph=True) for loss in losses]",
        "losses = [l1, l2, l3]\ntorch.autograd.backward(losses)",
    ),
    "the name is bound elsewhere": (
        "losses = []\nfor loss in (l1, l2):\n    losses.append(loss)\nprint(*[loss.item() for loss in losses])\n"
        "for loss in losses:\n    loss.backward(retain_graph=True)",
        "losses = []\nfor loss in (l1, l2):\n    losses.append(loss)\nprint(*[loss.item() for loss in losses])\n"
        "sum(losses).backward()",
    ),
    "the name is read later": (
        "losses = [l1, l2]\nloss = 0.0\nfor loss in losses:\n    loss.backward(retain_graph=True)\nprint(float(loss))",
        "losses = [l1, l2]\nloss = 0.0\nstep_losses = []\nfor loss in losses:\n    step_losses.append(loss)\n"
        "sum(step_losses).backward()\nprint(float(loss))",
    ),
    "the last one apart": (
        "losses = [l1, l2]\nfor loss in losses:\n    loss.backward(retain_graph=True)\nl3.backward()",
        "losses = [l1, l2]\nstep_losses = []\nfor loss in losses:\n    step_losses.append(loss)\n"
        "step_losses.append(l3)\nsum(step_losses).backward()",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_summed(name: str, tmp_path: Path) -> None:
    """The expected text, the same gradients, and nothing left to do."""
    before, after = (program(f"{BUILD}{part}\nopt.step()") for part in PAIRS[name])
    assert fixed(before) == after
    assert_same(before, after, tmp_path)
    assert not {finding.code for finding in findings(after)} & {"MHL101", "MHL201"}


FRESH = """
z = trunk(x)
opt.zero_grad()
for head, y in zip(heads, ys):
    loss = F.mse_loss(head(z), y)
    loss.backward(retain_graph=True)
    print(loss.item())
opt.step()
"""


def test_losses_of_fresh_heads_are_collected_when_a_sum_is_asked_for(tmp_path: Path) -> None:
    """Each loss is kept where it was walked, in order."""
    after = fixed(program(FRESH), "sum")
    assert "losses.append(loss)" in after
    assert "sum(losses).backward()" in after
    assert_same(program(FRESH), after, tmp_path)


def test_a_loop_that_may_be_empty_is_guarded(tmp_path: Path) -> None:
    """The sum of no losses has no backward; no walk was made before either."""
    step = FRESH.replace("zip(heads, ys)", "[(h, y) for h, y in zip(heads, ys) if y.sum() > limit]")
    text = program(step, "limit = -100.0\n\n")
    after = fixed(text, "sum")
    assert "if losses:" in after
    assert_same(text, after, tmp_path)
    nothing = text.replace("-100.0", "100.0")
    assert_same(nothing, after.replace("-100.0", "100.0"), tmp_path)


def test_line_ends_tabs_and_comments_stay(tmp_path: Path) -> None:
    """Only the lines of the walks change."""
    step = BUILD + "# keep me\nl1.backward(retain_graph=True)\n# and me\nl2.backward()  # me too\nopt.step()"
    text = program(step).replace("    ", "\t").replace("\n", "\r\n")
    after = fixed(text)
    assert after == text.replace("\tl1.backward(retain_graph=True)\r\n", "").replace(
        "l2.back", "(l1 + l2).back"
    )


def test_a_scaler_keeps_its_place(tmp_path: Path) -> None:
    """`scaler.scale` is given the sum."""
    walks = "scaler.scale(l1).backward(retain_graph=True)\nscaler.scale(l2).backward()\n"
    walk = walks + "scaler.step(opt)\nscaler.update()"
    text = program(BUILD + walk, "scaler = torch.amp.GradScaler('cpu')\n\n\n")
    after = fixed(text)
    assert "    scaler.scale(l1 + l2).backward()\n" in after
    assert after.count("backward") == 1
    assert_same(text, after, tmp_path)


def test_a_helper_that_only_walks_is_given_the_sum(tmp_path: Path) -> None:
    """The project's own wrapper stays in use."""
    extra = "def walk(loss, **kwargs):\n    loss.backward(**kwargs)\n\n\n"
    text = program(BUILD + "walk(l1, retain_graph=True)\nwalk(l2)\nopt.step()", extra)
    after = fixed(text)
    assert "    walk(l1 + l2)\n" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("owner", ["accelerator", "fabric"])
def test_wrappers_keep_their_form(owner: str) -> None:
    """An accelerator that was passed in walks the sum."""
    text = (
        "def step(accelerator, fabric, model, criterion, batch, targets):\n"
        "    out = model(batch)\n    a, b = criterion(out, targets[0]), criterion(out, targets[1])\n"
        f"    {owner}.backward(a, retain_graph=True)\n    {owner}.backward(b)\n    model.train()\n"
    )
    after = fixed(text)
    assert f"    {owner}.backward(a + b)\n" in after
