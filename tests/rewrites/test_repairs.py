"""Repairs that guess at intent: offered as unsafe, with the guess in words; they end what they are offered for."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from fixture_programs import FIXTURES  # noqa: E402

from .stepping import findings, fixed, fixed_at_once, offered, program, run  # noqa: E402

REPAIRS = {
    ("adversarial/gan_no_detach", "MHL101"): ("bce(D(fake.detach()), zeros)", "not meant to train"),
    ("adversarial/two_models_chain", "MHL101"): ("h.detach()", "not meant to train"),
    ("reinforcement/advantage_not_detached", "MHL101"): ("-log_probs * delta.detach()", "not meant to train"),
    ("carried/growing_total", "MHL102"): ("running = running.detach()", "back-propagation through time"),
    ("carried/hidden_state", "MHL102"): (
        "hidden = tuple(state.detach() for state in hidden)",
        "through time",
    ),
    ("carried/hidden_state_attribute", "MHL102"): ("self.cell(x, self.state.detach())", "through time"),
    ("carried/past_outputs", "MHL102"): ("q = q.detach()", "through time"),
    ("misuse/boundary_grad_of_trunk", "MHL104"): ("z.backward(gradient=d.grad)", "which the heads fill"),
    ("misuse/fused_step_between", "MHL306"): ("opt.step()", "new weights"),
    ("misuse/layer_on_tensor", "MHL401"): ("nn.functional.relu(self.fc1(x))", "no settings"),
    ("misuse/non_leaf_grad", "MHL304"): ("activation.retain_grad()", "in place of None"),
    ("shared_trunk/reinject_inside_loop", "MHL302"): ("    z.backward(gradient=d.grad)", "behind the loop"),
    ("shared_trunk/reinject_missing", "MHL301"): ("feats.backward(gradient=feats_d.grad)", "meant to train"),
    ("shared_trunk/reinject_plain_detach", "MHL104"): ("d = z.detach().requires_grad_()", "require grad"),
    ("shared_trunk/trunk_forward_per_head", "MHL202"): ("z.backward(gradient=z_detached.grad)", "one draw"),
}


@pytest.mark.parametrize(("name", "code"), REPAIRS)
def test_repaired(name: str, code: str, tmp_path: Path) -> None:
    """Never safe; with unsafe fixes the finding is gone and the program runs to its end."""
    text = (FIXTURES / f"{name}.py").read_text(encoding="utf-8")
    wanted, assumed = REPAIRS[name, code]
    fixes = offered(text, code)
    assert {applicability for applicability, _ in fixes} == {"unsafe"}
    assert any(assumed in message for _, message in fixes)
    after = fixed(text, unsafe=True)
    assert wanted in after
    assert code not in {finding.code for finding in findings(after)}
    assert fixed(after, unsafe=True) == after
    error = run(after, tmp_path).recording.error
    assert error is None, error


@pytest.mark.parametrize("name", ["adversarial/gan_retained_step", "reinforcement/critic_then_actor"])
def test_a_step_is_not_moved_into_another_loss(name: str) -> None:
    """Behind the walk the step would use that loss's gradient too: a person has to decide."""
    text = (FIXTURES / f"{name}.py").read_text(encoding="utf-8")
    ((applicability, message),) = offered(text, "MHL103")
    assert applicability == "display"
    assert "with a forward of its own" in message
    assert fixed(text, unsafe=True, codes=("MHL103",)) == text


def test_no_detach_of_what_is_a_number_at_first() -> None:
    """The first turn would call `detach` on a float."""
    text = (
        "import torch\nfrom torch import nn\nimport lightning\n\n\n"
        "class Lit(lightning.LightningModule):\n    def __init__(self):\n        super().__init__()\n"
        "        self.net = nn.Linear(3, 1)\n        self.smooth = 0.0\n\n"
        "    def training_step(self, batch, batch_idx):\n        loss = self.net(batch).pow(2).mean()\n"
        "        self.smooth = 0.9 * self.smooth + 0.1 * loss\n        return loss + self.smooth\n\n"
        "    def configure_optimizers(self):\n        return torch.optim.SGD(self.parameters(), lr=0.1)\n"
    )
    assert "MHL102" in {finding.code for finding in findings(text)}
    assert fixed(text, unsafe=True) == text


VARIABLES = {
    "a = Variable(torch.randn(3))": ("safe", "a = torch.randn(3)"),
    "a = Variable(torch.randn(3), requires_grad=True)": ("safe", "a = torch.randn(3).requires_grad_()"),
    "a = 2 * Variable(torch.ones(3) + 1)": ("safe", "a = 2 * (torch.ones(3) + 1)"),
    "a = Variable(net(torch.randn(2, 3)))": ("unsafe", "a = net(torch.randn(2, 3)).detach()"),
    "a = Variable(seen)": ("unsafe", "a = seen"),
    "a = Variable(torch.randn(3), volatile=True)": ("none", ""),
}


@pytest.mark.parametrize("line", VARIABLES)
def test_variable(line: str) -> None:
    """Safe where the tensor surely has no graph and the flag is a literal."""
    text = (
        "import torch\nfrom torch import nn\nfrom torch.autograd import Variable\nfrom data import seen\n\n"
        f"net = nn.Linear(3, 1)\n{line}\n(net(a.expand(2, 3)) ** 2).sum().backward()\n"
    )
    applicability, after = VARIABLES[line]
    assert [found for found, _ in offered(text, "MHL402")] == [applicability]
    if after:
        assert f"\n{after}\n" in fixed(text, unsafe=True, codes=("MHL402",))


REBOUND = {
    "x = Variable(x)  # wrapped\n": ("safe", ""),
    "x, y = Variable(x), Variable(y)\n": ("safe", ""),
    "x, y = Variable(y), Variable(x)\n": ("safe", "x, y = y, x\n"),
    "x = Variable(x)\nx.requires_grad_()\n": ("unsafe", "x.requires_grad_()\n"),
    "v = Variable(x)\nv.requires_grad = True\n": ("unsafe", "v = x\nv.requires_grad = True\n"),
    "v = Variable(x)\nprint(v is x)\n": ("unsafe", "v = x\nprint(v is x)\n"),
    "v = Variable(x)\nprint(v is None)\n": ("safe", "v = x\nprint(v is None)\n"),
    "v = Variable(x)\nx.data.resize_(1, 3)\n": ("unsafe", "v = x\nx.data.resize_(1, 3)\n"),
}


@pytest.mark.parametrize("lines", REBOUND)
def test_a_variable_of_its_own_name_goes(lines: str) -> None:
    """Nothing would be left of the statement; an alias whose flag or shape is changed is no mere name."""
    head = (
        "import torch\nfrom torch import nn\nfrom torch.autograd import Variable\n\n"
        "net = nn.Linear(3, 1)\nx, y = torch.randn(2, 3), torch.randn(2, 3)\n"
    )
    tail = "(net(x) + net(y)).sum().backward()\n"
    applicability, after = REBOUND[lines]
    assert {found for found, _ in offered(head + lines + tail, "MHL402")} == {applicability}
    assert fixed(head + lines + tail, unsafe=True, codes=("MHL402",)) == head + after + tail


HEAD = (
    "import torch\nfrom torch import nn\n\ntrunk = nn.Sequential(nn.Linear(4, 6), nn.Tanh())\n"
    "heads = nn.ModuleList([nn.Linear(6, 3), nn.Linear(6, 3)])\n"
    "opt = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)\nx = torch.randn(5, 4)\n"
)
OFFERED = {
    "the forward stands inside the loss": (
        "MHL202",
        "opt.zero_grad()\nfor head in heads:\n    head(trunk(x)).pow(2).mean().backward()\nopt.step()\n",
        "features = trunk(x)\n",
    ),
    "the forward was named before": (
        "MHL202",
        "opt.zero_grad()\nz = trunk(x)\nheads[0](z).pow(2).mean().backward()\n"
        "heads[1](trunk(x)).pow(2).mean().backward()\nopt.step()\n",
        "z.backward(gradient=z_detached.grad)\n",
    ),
    "a boundary for all steps": (
        "MHL303",
        "d = torch.zeros(5, 6, requires_grad=True)\nfor _ in range(2):\n    opt.zero_grad()\n    z = trunk(x)\n"
        "    d.data.copy_(z.detach())\n    for head in heads:\n        head(d).pow(2).mean().backward()\n"
        "    z.backward(d.grad)\n    opt.step()\n",
        "    z.backward(d.grad)\n    d.grad = None\n",
    ),
}


@pytest.mark.parametrize("name", OFFERED)
def test_offered(name: str, tmp_path: Path) -> None:
    """Unsafe, with what it assumes; the finding is gone and the program runs."""
    code, step, wanted = OFFERED[name]
    ((applicability, message),) = offered(HEAD + step, code)
    assert applicability == "unsafe"
    assert "this assumes" in message
    after = fixed(HEAD + step, unsafe=True)
    assert wanted in after
    assert code not in {finding.code for finding in findings(after)}
    assert run(after, tmp_path).recording.error is None


def test_a_place_that_raises_on_one_path_is_not_made_to_raise_on_all() -> None:
    """A helper walks the loss: with the forward run once it would walk freed nodes without the flag, too."""
    step = (
        "def push(loss):\n    torch.autograd.backward(loss)\n\ndef train(flag):\n"
        "    z = trunk(x)\n    first = heads[0](z).mean()\n    second = heads[1](z).pow(2).mean()\n"
        "    u = trunk(x)\n    heads[1](u).pow(2).mean().backward()\n"
        "    if flag:\n        push(first)\n    push(second)\n"
    )
    assert "use it here" in offered(HEAD + step, "MHL202")[0][1]
    assert fixed(HEAD + step, unsafe=True, codes=("MHL202",)) == HEAD + step


def test_a_forward_bound_to_the_same_name_again_goes() -> None:
    """Nothing but `z = z` would be left of it."""
    step = (
        "opt.zero_grad()\nz = trunk(x)\nheads[0](z).pow(2).mean().backward()\n"
        "z = trunk(x)\nheads[1](z).pow(2).mean().backward()\nopt.step()\n"
    )
    after = fixed(HEAD + step, unsafe=True)
    assert after.count("trunk(x)") == 1
    assert "z = z\n" not in after


def test_walks_under_a_wrapper_that_takes_one() -> None:
    """The gradients of all losses are then averaged over the replicas, which they were not."""
    step = "net = nn.parallel.DistributedDataParallel(trunk)\n\n\ndef step():\n    z = net(x)\n    opt.zero_grad()\n"
    walks = "    for head in heads:\n        head(z).pow(2).mean().backward(retain_graph=True)\n    opt.step()\n"
    ((applicability, message),) = offered(HEAD + step + walks, "MHL308")
    assert applicability == "unsafe"
    assert "shares the gradients of all the losses with its replicas" in message
    compiled = step.replace("nn.parallel.DistributedDataParallel", "torch.compile")
    ((applicability, message),) = offered(HEAD + compiled + walks, "MHL105")
    assert applicability == "safe"


TWICE = """
out = trunk(x)
loss = out.norm()
loss.backward(retain_graph=True)
print(loss.item())
opt.zero_grad()
{between}
out = trunk(x)
loss = out.norm()
loss.backward()
opt.step()
"""


def test_a_flag_that_a_reused_forward_needs_is_not_taken_out_beside_it() -> None:
    """Both repairs in one run would leave a second walk of a freed graph."""
    text = program(TWICE.format(between="pass"))
    after = fixed_at_once(text, unsafe=True)
    assert after != text
    assert after.count("trunk(x)") == 2 or "loss.backward(retain_graph=True)" in after
    exec(compile(after, "after.py", "exec"), {"__name__": "__main__"})


def test_a_forward_of_a_module_that_was_told_something_is_another_one() -> None:
    text = program(TWICE.format(between="trunk.plain = True"))
    assert fixed_at_once(text, unsafe=True).count("trunk(x)") == 2
