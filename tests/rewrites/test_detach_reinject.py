"""Heads between the boundary and their losses: each is walked alone, the trunk once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, findings, fixed, offered, program  # noqa: E402

LOOP = """
z = trunk(x)
opt.zero_grad()
for head, y in zip(heads, ys):
    loss = F.mse_loss(head(z), y)
    loss.backward(retain_graph=True)
opt.step()
"""

UNTOUCHED = {
    "stepped in the loop": LOOP.replace("retain_graph=True)", "retain_graph=True)\n    opt.zero_grad()"),
    "left early": LOOP.replace("    loss.backward", "    if loss > 100:\n        return\n    loss.backward"),
    "hook on the boundary": LOOP.replace("opt.zero", "z.register_hook(lambda g: g / g.norm())\nopt.zero"),
    "changed in place": LOOP.replace("    loss.backward", "    z.data.mul_(1.0)\n    loss.backward"),
    "else": LOOP.replace("opt.step", "else:\n    print('done')\nopt.step"),
}


@pytest.mark.parametrize("name", UNTOUCHED)
def test_left_alone(name: str) -> None:
    """Where something could see the difference, or the boundary cannot be cut, no safe fix is made."""
    text = program(UNTOUCHED[name])
    assert fixed(text) == text


OF_A_LEAF = ("z.grad = None", "for part in [z]:\n        part.grad = None", "print(z.is_leaf)", "print(z.grad_fn)")


@pytest.mark.parametrize("line", OF_A_LEAF)
def test_what_tells_a_leaf_from_an_output_is_not_cut(line: str, tmp_path: Path) -> None:
    """The gradient that the boundary collects must not be cleared, and what is printed stays."""
    text = program(LOOP.replace("    loss.backward", f"    {line}\n    loss.backward"))
    after = fixed(text)
    assert "z_detached" not in after
    if "grad_fn" not in line:
        assert_same(text, after, tmp_path)


def test_a_trunk_that_is_not_seen_makes_it_unsafe() -> None:
    """What an unseen model returns is taken for a tensor."""
    text = (
        "from torch import nn\nfrom torch.nn.functional import cross_entropy\n\n"
        "heads = nn.ModuleList([nn.Linear(6, 2), nn.Linear(6, 2)])\n\n\ndef step(model, batch, target, opt):\n"
        "    z = model(batch)\n    opt.zero_grad()\n    for head in heads:\n"
        "        cross_entropy(head(z), target).backward(retain_graph=True)\n    opt.step()\n    model.train()\n"
    )
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "unsafe"
    assert "`z` comes from code that is not seen" in message
    after = fixed(text, unsafe=True)
    assert "if z.requires_grad:\n        z.backward(gradient=z_detached.grad)" in after


def test_losses_around_the_boundary_move_it_or_are_summed(tmp_path: Path) -> None:
    """A loss on inner features cuts there too; one that reaches into the trunk without a name is summed."""
    inner = program(
        """
        mid = trunk[:3](x)
        z = trunk[3:](mid)
        opt.zero_grad()
        a = F.mse_loss(first(z), ys[0])
        a.backward(retain_graph=True)
        b = F.mse_loss(second(mid), ys[1])
        b.backward()
        opt.step()
        """
    )
    after = fixed(inner)
    assert "mid_detached = mid.detach().requires_grad_()" in after or "(a + b)" in after
    assert_same(inner, after, tmp_path)


def test_where_the_boundary_cannot_be_cut_the_losses_are_summed(tmp_path: Path) -> None:
    """A name that an inner function reads cannot be set to something else."""
    text = program(LOOP.replace("head(z)", "head((lambda: z)())"))
    after = fixed(text)
    assert "sum(losses).backward()" in after
    assert_same(text, after, tmp_path)


LOOP_FIXED = """
z = trunk(x)
z_detached = z.detach().requires_grad_()
opt.zero_grad()
for head, y in zip(heads, ys):
    loss = F.mse_loss(head(z_detached), y)
    loss.backward()
z.backward(gradient=z_detached.grad)
opt.step()
"""

TWO = """
z = trunk(x)
opt.zero_grad()
a = F.mse_loss(first(z), ys[0])
a.backward(retain_graph=True)
print(a.item())
b = F.mse_loss(second(z), ys[1])
b.backward()
opt.step()
"""
TWO_FIXED = """
z = trunk(x)
z_detached = z.detach().requires_grad_()
opt.zero_grad()
a = F.mse_loss(first(z_detached), ys[0])
a.backward()
print(a.item())
b = F.mse_loss(second(z_detached), ys[1])
b.backward()
z.backward(gradient=z_detached.grad)
opt.step()
"""

PAIRS = {
    "loop": (LOOP, LOOP_FIXED),
    "raising loop": (LOOP.replace("retain_graph=True", ""), LOOP_FIXED),
    "all but the last": (
        LOOP.replace("head, y in zip(heads, ys)", "i, (head, y) in enumerate(zip(heads, ys))").replace(
            "retain_graph=True", "retain_graph=i < 2"
        ),
        LOOP_FIXED.replace("head, y in zip(heads, ys)", "i, (head, y) in enumerate(zip(heads, ys))"),
    ),
    "index": (
        LOOP.replace("head, y in zip(heads, ys)", "i in range(len(heads))").replace(
            "head(z), y", "heads[i](z), ys[i]"
        ),
        LOOP_FIXED.replace("head, y in zip(heads, ys)", "i in range(len(heads))").replace(
            "head(z_detached), y", "heads[i](z_detached), ys[i]"
        ),
    ),
    "names": (
        LOOP.replace("head, y in zip(heads, ys)", "name, head in named.items()").replace(
            ", y)", ", ys[0, :, :2])"
        ),
        LOOP_FIXED.replace("head, y in zip(heads, ys)", "name, head in named.items()").replace(
            ", y)", ", ys[0, :, :2])"
        ),
    ),
    "straight": (TWO, TWO_FIXED),
    "straight, raising": (TWO.replace("retain_graph=True", ""), TWO_FIXED),
    "a term on the boundary": (
        LOOP.replace("opt.step()", "z.pow(2).mean().backward()\nopt.step()"),
        LOOP_FIXED.replace("z.backward", "z_detached.pow(2).mean().backward()\nz.backward"),
    ),
    "the name is taken": (
        "z_detached = 1\n" + LOOP,
        "z_detached = 1\n" + LOOP_FIXED.replace("z_detached", "z_detached_2"),
    ),
    "logged": (
        LOOP.replace("True)\n", "True)\n    print(z.sum().item(), loss.item())\n"),
        LOOP_FIXED.replace(
            "loss.backward()\n", "loss.backward()\n    print(z_detached.sum().item(), loss.item())\n"
        ),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_interleaved(name: str, tmp_path: Path) -> None:
    """The expected text, the same gradients, random state and statistics, and nothing left to do."""
    before, after = (program(part) for part in PAIRS[name])
    assert fixed(before) == after
    assert_same(before, after, tmp_path)
    assert not {finding.code for finding in findings(after)} & {"MHL101", "MHL201", "MHL203"}


def test_skipped_heads_are_guarded(tmp_path: Path) -> None:
    """With no head walked there is no gradient to send on."""
    step = LOOP.replace("    loss =", "    if y.sum() < limit:\n        continue\n    loss =")
    text = program(step, "limit = -100.0\n\n\n")
    after = fixed(text)
    assert "if z_detached.grad is not None:" in after
    assert_same(text, after, tmp_path)
    assert_same(text.replace("-100.0", "100.0"), after.replace("-100.0", "100.0"), tmp_path)


def test_two_boundary_tensors_go_back_in_one_walk(tmp_path: Path) -> None:
    """One call for both: two calls would walk what they share twice."""
    text = program(
        """
        mid = trunk[:4](x)
        low, high = trunk[4:](mid), torch.tanh(mid)
        opt.zero_grad()
        for head, y in zip(heads, ys):
            F.mse_loss(head(low) + head(high), y).backward(retain_graph=True)
        opt.step()
        """
    )
    after = fixed(text)
    assert "torch.autograd.backward([low, high], [low_detached.grad, high_detached.grad])" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("kind", ["list", "dict"])
def test_pyramids(kind: str, tmp_path: Path) -> None:
    """A list or dict of features is cut item by item."""
    made = (
        "[trunk(x), torch.tanh(trunk(x))]" if kind == "list" else "{'a': trunk(x), 'b': torch.tanh(trunk(x))}"
    )
    one, two = ("feats[0]", "feats[1]") if kind == "list" else ("feats['a']", "feats['b']")
    text = program(
        f"""
        feats = {made}
        opt.zero_grad()
        for head, y in zip(heads, ys):
            F.mse_loss(head({one}) * head({two}), y).backward(retain_graph=True)
        opt.step()
        """
    )
    after = fixed(text)
    assert "feats_detached" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("chance", ["-1", "2"])
def test_a_trunk_that_may_be_frozen_is_asked(chance: str, tmp_path: Path) -> None:
    """A frozen trunk's output has no graph to walk; the heads train all the same."""
    freezing = f"if torch.rand(()).item() < {chance}:\n    trunk.requires_grad_(False)\n"
    text = program(freezing + LOOP)
    after = fixed(text)
    assert "    if z.requires_grad:\n        z.backward(gradient=z_detached.grad)\n" in after
    assert_same(text, after, tmp_path)


def test_a_trunk_that_is_frozen_in_one_of_two_calls_is_asked() -> None:
    """The boundary has a graph in one call of the step and none in the other."""
    step = LOOP.strip().replace("\n", "\n    ")
    text = program("pass", f"def half(x, ys, flag):\n    trunk.requires_grad_(flag)\n    {step}\n\n\n")
    calls = "".join(f"half(torch.randn(5, 4), torch.randn(3, 5, 3), {flag})\n" for flag in (False, True))
    assert "    if z.requires_grad:\n        z.backward(gradient=z_detached.grad)\n" in fixed(text + calls)


BOUND = {
    "with": "with torch.autocast('cpu', enabled=False):\n    z = trunk(x)",
    "if": "if x.sum() > 0:\n    z = trunk(x)\nelse:\n    z = trunk(x) * 0.5",
    "for": "z = x\nfor layer in trunk:\n    z = layer(z)",
    "+=": "z = trunk(x)\nz = z * 1.5\nz += 1",
}


@pytest.mark.parametrize("how", BOUND)
def test_the_cut_stands_behind_what_binds_the_boundary(how: str, tmp_path: Path) -> None:
    """Whatever kind of statement that is."""
    text = program(LOOP.replace("z = trunk(x)", BOUND[how]))
    after = fixed(text)
    assert "    z_detached = z.detach().requires_grad_()\n    opt.zero_grad()\n" in after
    assert_same(text, after, tmp_path)


def test_a_checkpointed_trunk_makes_it_unsafe() -> None:
    """It is recomputed in each walk, and its running statistics move each time."""
    step = LOOP.replace("trunk(x)", "checkpoint(trunk, x, use_reentrant=False)")
    ((applicability, message),) = offered(
        program(step, "from torch.utils.checkpoint import checkpoint\n\n\n"), "MHL201"
    )
    assert applicability == "unsafe"
    assert "the checkpointed forward runs again in each walk" in message


def test_the_style_can_be_forced(tmp_path: Path) -> None:
    """Losses side by side are cut when that is asked for."""
    text = program(
        """
        z = trunk(x)
        opt.zero_grad()
        a = F.mse_loss(first(z), ys[0])
        b = F.mse_loss(second(z), ys[1])
        a.backward(retain_graph=True)
        b.backward()
        opt.step()
        """
    )
    assert "(a + b).backward()" in fixed(text)
    after = fixed(text, "detach-reinject")
    assert "z.backward(gradient=z_detached.grad)" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize(
    ("loss", "sent"), [("first(z)", "ys[0]"), ("F.mse_loss(first(z), ys[0])", "torch.tensor(2.0, dtype=a.dtype)")]
)
def test_walks_that_are_given_gradients_are_cut_where_they_cannot_be_summed(
    loss: str, sent: str, tmp_path: Path
) -> None:
    """The sum would weigh them alike; the message says so."""
    text = program(
        f"""
        z = trunk(x)
        opt.zero_grad()
        a, b = {loss}, F.mse_loss(second(z), ys[1])
        a.backward({sent}, retain_graph=True)
        b.backward()
        opt.step()
        """
    )
    ((applicability, message),) = offered(text, "MHL201")
    assert applicability == "safe"
    assert "one walk of the sum: it is given a gradient" in message
    assert fixed(text, "sum") == text
    after = fixed(text)
    assert "z.backward(gradient=z_detached.grad)" in after
    assert_same(text, after, tmp_path)


def test_a_walk_in_a_condition_is_no_sure_one(tmp_path: Path) -> None:
    """Where it is not made there is no gradient to send on."""
    step = LOOP.replace("loss.backward", "y.sum() > limit and loss.backward")
    text = program(step, "limit = 100.0\n\n\n")
    after = fixed(text)
    assert "if z_detached.grad is not None:" in after
    assert_same(text.replace("100.0", "-100.0"), after.replace("100.0", "-100.0"), tmp_path)


def test_the_message_says_what_is_gained() -> None:
    """Trunk walks against retained graphs; memory, and no time, against a sum."""
    ((_, retained),) = offered(program(LOOP), "MHL201")
    assert "once in place of 3 times" in retained
    ((_, raising),) = offered(program(LOOP.replace("retain_graph=True", "")), "MHL101")
    assert "in place of" not in raising


def test_a_boundary_that_is_passed_in_is_cut_where_it_is_first_read(tmp_path: Path) -> None:
    """A parameter of the function, or a name of an outer block."""
    extra = """
    def walk_heads(z, ys):
        \"\"\"Each head alone.\"\"\"
        for head, y in zip(heads, ys):
            F.mse_loss(head(z), y).backward(retain_graph=True)


    """
    text = program("z = trunk(x)\nopt.zero_grad()\nwalk_heads(z, ys)\nopt.step()", extra)
    after = fixed(text)
    assert '"""Each head alone."""\n    z_detached = z.detach().requires_grad_()\n' in after
    assert_same(text, after, tmp_path)


def test_two_names_of_one_tensor_and_an_f_string(tmp_path: Path) -> None:
    """The name that the heads use is replaced; text made of it needs no graph."""
    step = LOOP.replace("z = trunk", "z = other = trunk").replace(
        "True)\n", "True)\n    print(f'{z.sum():.4f}')\n"
    )
    text = program("other = 1\n" + step)
    after = fixed(text)
    assert "head(z_detached)" in after
    assert "{z.sum():.4f}" in after
    assert_same(text, after, tmp_path)


def test_a_long_name_is_not_made_longer(tmp_path: Path) -> None:
    """Lines that use the copy stay about as long as they were."""
    text = program(re.sub(r"\bz\b", "representation_of_the_shared_trunk", LOOP))
    after = fixed(text)
    assert "    boundary = representation_of_the_shared_trunk.detach().requires_grad_()\n" in after
    assert_same(text, after, tmp_path)


def test_a_loss_is_no_boundary(tmp_path: Path) -> None:
    """A loss that was built before the later heads ran is walked as it is, not cut."""
    text = program(
        """
        z = trunk(x)
        opt.zero_grad()
        a = F.mse_loss(first(z), ys[0]) + z.pow(2).mean()
        (a / 2).backward(retain_graph=True)
        b = F.mse_loss(second(z), ys[1])
        (b / 2).backward()
        opt.step()
        """
    )
    for style in ("auto", "sum", "detach-reinject"):
        after = fixed(text, style)
        assert "a_detached" not in after
        assert after != text
        assert_same(text, after, tmp_path)
