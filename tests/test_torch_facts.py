"""What PyTorch does, as far as the analyser leans on it: each fact is asserted against PyTorch itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

TEXTS = {
    "twice": "backward through the graph a second time",
    "version": "modified by an inplace operation",
    "no grad": "does not require grad and does not have a grad_fn",
    "not scalar": "grad can be implicitly created only for scalar outputs",
    "leaf": "leaf Variable that requires grad",
    "view of many": "is a view and is being modified inplace",
    "unused": "appears to not have been used in the graph",
    "flag": "you can only change requires_grad flags of leaf variables",
    "inference": "Inference tensors cannot be saved for backward",
}


def says(act: Callable[[], Any]) -> str:
    """`fine`, the key of the text that PyTorch raises, or the whole text of another error."""
    try:
        act()
    except (RuntimeError, TypeError, AttributeError) as error:
        return next((key for key, text in TEXTS.items() if text in str(error)), str(error))
    return "fine"


def walks(*losses: Any, **options: Any) -> list[str]:
    """What PyTorch says to backward() on one loss after the other."""
    return [says(lambda loss=loss: loss.backward(**options)) for loss in losses]


class Shared:
    """A trunk, two heads, their losses, and all parameters by role."""

    def __init__(self, optimizer: str = "SGD", **options: Any) -> None:
        torch.manual_seed(0)
        self.trunk = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh())
        self.heads = [nn.Linear(4, 1), nn.Linear(4, 1)]
        self.x = torch.rand(3, 4)
        self.everything = [*self.trunk.parameters(), *(p for head in self.heads for p in head.parameters())]
        self.optimizer = getattr(torch.optim, optimizer)(self.everything, lr=0.1, **options)
        self.forward()

    def forward(self) -> None:
        self.z = self.trunk(self.x)
        self.first, self.second = (head(self.z).pow(2).sum() for head in self.heads)

    def gradients(self) -> list[Any]:
        """The gradients of all parameters, which are reset."""
        found = [None if p.grad is None else p.grad.clone() for p in self.everything]
        for parameter in self.everything:
            parameter.grad = None
        return found


def leaf(*shape: int) -> Any:
    return (torch.rand(shape or (3,)) + 0.5).requires_grad_()


# ---------------------------------------------------------------- which nodes keep something


def test_a_factor_that_is_a_number_is_kept_though_no_hook_sees_it() -> None:
    packed: list[Any] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(t) or t, lambda t: t):
        loss = (leaf() * 2).sum()
    assert walks(loss, loss) == ["fine", "twice"]
    assert packed == []


@pytest.mark.parametrize(
    ("reads", "expected"), [("saved", "twice"), ("attribute", "fine"), ("nothing", "fine")]
)
def test_a_custom_function_keeps_only_the_saved_tensors_it_reads(reads: str, expected: str) -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            ctx.x = x
            return x + x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            _ = ctx.saved_tensors if reads == "saved" else ctx.x if reads == "attribute" else None
            return 2 * grad

    loss = Double.apply(leaf()).sum()
    assert walks(loss, loss) == ["fine", expected]


def test_writing_into_a_part_of_a_tensor_keeps_something_and_into_the_whole_does_not() -> None:
    part, whole = torch.zeros(3), torch.zeros(3)
    x = leaf()
    part[0] = x[0]
    whole[:] = x
    assert walks(part.sum(), part.sum()) == ["fine", "twice"]
    assert walks(whole.sum(), whole.sum()) == ["fine", "fine"]


def test_shared_nodes_that_keep_nothing_can_be_walked_twice() -> None:
    z = leaf(2, 3).t().reshape(-1) + 1
    assert walks(z.sum(), z.mean()) == ["fine", "fine"]


def test_outputs_of_one_node_are_one_node() -> None:
    out, (h, _) = nn.LSTM(2, 3)(torch.rand(4, 1, 2))
    assert walks(out.sum(), h.sum()) == ["fine", "twice"]
    one, two = nn.Linear(4, 4)(torch.rand(3, 4)).chunk(2, dim=1)
    assert walks(one.sum(), two.sum()) == ["fine", "twice"]
    one, two = leaf(4).chunk(2)
    assert walks(one.sum(), two.sum()) == ["fine", "fine"]


def test_a_compiled_region_is_one_node_that_keeps() -> None:
    w = leaf()
    compiled = torch.compile(lambda x: (x + w, x - w), backend="aot_eager")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one, two = compiled(torch.rand(3))
    assert walks(one.sum(), two.sum()) == ["fine", "twice"]


# ---------------------------------------------------------------- what a walk visits and frees


def test_a_walk_frees_only_what_it_visits() -> None:
    s = Shared()
    assert walks(s.first, s.second) == ["fine", "twice"]
    assert (
        says(lambda: torch.autograd.grad(s.second, s.z)) == "twice"
    )  # its head was visited before the trunk
    s.forward()
    s.first.backward()
    assert says(lambda: torch.autograd.grad(s.second, s.z)) == "fine"


def test_retain_graph_must_stand_on_the_earlier_walk() -> None:
    s = Shared()
    s.first.backward(retain_graph=True)
    assert walks(s.second, s.first + s.second) == ["fine", "twice"]
    s.forward()
    s.first.backward()
    assert says(lambda: s.second.backward(retain_graph=True)) == "twice"


def test_create_graph_retains_unless_told_otherwise() -> None:
    for options, expected in (({}, "fine"), ({"retain_graph": False}, "twice")):
        loss = leaf().pow(3).sum()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss.backward(create_graph=True, **options)
        assert says(loss.backward) == expected


def test_the_second_positional_argument_of_backward_retains() -> None:
    s = Shared()
    s.first.backward(None, True)
    assert says(s.second.backward) == "fine"
    assert "retain_variables" in says(lambda: s.second.backward(retain_variables=True))


def test_grad_with_respect_to_z_leaves_the_trunk() -> None:
    s = Shared()
    torch.autograd.grad(s.first, s.z)
    assert says(s.second.backward) == "fine"
    s.forward()
    torch.autograd.grad(s.first, [*s.trunk.parameters()])
    assert says(s.second.backward) == "twice"
    assert says(lambda: torch.autograd.grad(leaf().sum(), leaf())) == "unused"


def test_inputs_narrow_a_walk_to_the_paths_to_those_leaves() -> None:
    s = Shared()
    s.first.backward(inputs=[s.heads[0].weight])
    assert s.trunk[0].weight.grad is None
    assert says(s.second.backward) == "fine"


def test_inputs_that_are_no_leaves_run_their_own_node() -> None:
    s = Shared()
    s.first.backward(inputs=[s.z])
    assert s.z.grad is not None
    assert s.trunk[0].weight.grad is None
    assert says(s.second.backward) == "twice"


def test_a_walk_that_fails_has_already_written_gradients() -> None:
    s = Shared()
    s.first.backward()
    assert says(s.second.backward) == "twice"
    assert s.heads[1].weight.grad is not None


def test_the_engine_visits_the_nodes_made_last_first() -> None:
    order: list[str] = []
    x = leaf()
    early, late = x * 2, x * 3
    early.register_hook(lambda grad: order.append("early"))
    late.register_hook(lambda grad: order.append("late"))
    (early + late).sum().backward()
    assert order == ["late", "early"]


def test_which_error_comes_is_decided_by_the_first_bad_node_on_the_way() -> None:
    s = Shared()
    s.first.backward()
    with torch.no_grad():
        s.heads[1].weight.add_(1)
    assert says(s.second.backward) == "version"  # the head is met before the freed trunk
    s.forward()
    s.first.backward()
    with torch.no_grad():
        s.trunk[2].weight.add_(1)
    assert says(s.second.backward) == "twice"  # the trunk's last node is freed: met before its weight
    w = leaf()
    loss = (leaf() * w).sum()
    loss.backward()
    with torch.no_grad():
        w.add_(1)
    assert says(loss.backward) == "twice"  # on one node freed wins


# ---------------------------------------------------------------- values changed between forward and walk


@pytest.mark.parametrize(
    ("layer", "parameter", "expected"), [(0, "weight", "fine"), (2, "weight", "version"), (2, "bias", "fine")]
)
def test_a_step_matters_for_parameters_that_visited_nodes_keep(
    layer: int, parameter: str, expected: str
) -> None:
    net = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1))
    loss = net(torch.rand(2, 3)).sum()
    with torch.no_grad():
        getattr(net[layer], parameter).add_(1)
    assert says(loss.backward) == expected


@pytest.mark.parametrize("layer", [nn.Conv1d(3, 3, 1), nn.BatchNorm1d(3), nn.GroupNorm(1, 3), nn.PReLU(3)])
def test_a_first_layer_that_is_no_linear_keeps_its_weight(layer: Any) -> None:
    loss = layer(torch.rand(2, 3, 4)).sum()
    with torch.no_grad():
        layer.weight.add_(1)
    assert says(loss.backward) == "version"


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad", "RMSprop"])
def test_optimizers_move_the_version_and_fused_ones_do_not(name: str) -> None:
    s = Shared(name)
    s.first.backward(retain_graph=True)
    s.optimizer.step()
    assert says(s.second.backward) == "version"
    if name == "RMSprop":
        return
    s = Shared(name, fused=True)
    s.first.backward(retain_graph=True)
    before = s.trunk[2].weight.clone()
    s.optimizer.step()
    assert not torch.equal(before, s.trunk[2].weight)
    assert says(s.second.backward) == "fine"


def test_a_step_changes_only_parameters_that_have_a_gradient() -> None:
    one, two = nn.PReLU(), nn.PReLU()
    optimizer = torch.optim.SGD([*one.parameters(), *two.parameters()], lr=0.1)
    x = torch.rand(3)

    def iteration(set_to_none: bool) -> str:
        first, second = one(x).sum(), two(x).sum()
        first.backward()
        optimizer.step()
        outcome = says(second.backward)
        optimizer.zero_grad(set_to_none=set_to_none)
        return outcome

    assert [iteration(True), iteration(True)] == ["fine", "fine"]
    assert [iteration(False), iteration(False)] == ["fine", "version"]


def test_a_loss_older_than_a_step_cannot_be_walked() -> None:
    s = Shared()
    (s.first + s.second).backward()
    s.forward()
    s.optimizer.step()
    assert says(s.first.backward) == "version"


def test_what_harms_no_graph_between_two_walks() -> None:
    s = Shared()
    s.first.backward(retain_graph=True)
    nn.utils.clip_grad_norm_(s.everything, 1.0)
    s.optimizer.zero_grad(set_to_none=False)
    s.optimizer.zero_grad()
    s.trunk.eval()
    s.trunk.requires_grad_(False)
    assert says(s.second.backward) == "fine"
    assert s.trunk[0].weight.grad is None  # while the flag is off no gradient is written


def test_writes_that_raise_and_writes_that_hide() -> None:
    def after(write: Callable[[Any], Any]) -> str:
        net = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
        loss = net(torch.rand(2, 3)).sum()
        with torch.no_grad():
            write(net)
        return says(loss.backward)

    assert after(lambda net: net[1].weight.mul_(2)) == "version"
    assert after(lambda net: nn.init.zeros_(net[1].weight)) == "version"
    assert after(lambda net: net.load_state_dict(net.state_dict())) == "version"
    assert after(lambda net: net[1].weight.data.mul_(2)) == "fine"
    assert after(lambda net: net.load_state_dict(net.state_dict(), assign=True)) == "fine"


def test_in_place_on_an_activation_matters_if_the_node_keeps_it() -> None:
    def after(function: Callable[[Any], Any], change: str) -> str:
        h = leaf() * 1
        y = function(h)
        (h if change == "input" else y).add_(1)
        return says(y.sum().backward)

    for keeps_result in (torch.tanh, torch.sigmoid, torch.exp, torch.relu, torch.sqrt):
        assert (after(keeps_result, "input"), after(keeps_result, "result")) == ("fine", "version")
    for keeps_input in (torch.log, torch.abs, nn.functional.gelu, nn.functional.silu, torch.square):
        assert (after(keeps_input, "input"), after(keeps_input, "result")) == ("version", "fine")
    assert (after(lambda h: h + 1, "input"), after(lambda h: h * 2, "input")) == ("fine", "fine")


def test_detach_shares_the_version_and_data_does_not() -> None:
    for cut, expected in ((lambda t: t.detach(), "version"), (lambda t: t.data, "fine")):
        y = leaf().exp()
        cut(y).zero_()
        assert says(y.sum().backward) == expected


def test_in_place_on_leaves_and_on_parts_raises_at_once() -> None:
    x = leaf(4)
    assert says(lambda: x.add_(1)) == "leaf"
    assert says(lambda: x[:2].add_(1)) == "leaf"
    assert says(lambda: (x * 1).unbind()[0].add_(1)) == "view of many"
    with torch.no_grad():
        assert says(lambda: x.add_(1)) == "fine"
    total = torch.zeros(())
    total += x.sum()
    assert total.requires_grad


# ---------------------------------------------------------------- loops and state carried over


def test_a_hidden_state_that_is_not_detached_raises_in_the_second_iteration() -> None:
    def outcomes(cut: Callable[[Any], Any]) -> list[str]:
        cell, h, found = nn.GRUCell(2, 3), torch.zeros(1, 3), []
        for _ in range(3):
            h = cell(torch.rand(1, 2), cut(h))
            found.append(says(h.sum().backward))
        return found

    assert outcomes(lambda h: h)[:2] == ["fine", "twice"]
    assert outcomes(lambda h: h.detach()) == ["fine", "fine", "fine"]


def test_retaining_a_carried_state_over_steps_raises_in_the_third_iteration() -> None:
    cell, h, found = nn.GRUCell(2, 3), torch.zeros(1, 3), []
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)
    for _ in range(3):
        h = cell(torch.rand(1, 2), h)
        found.append(says(lambda h=h: h.sum().backward(retain_graph=True)))
        optimizer.step()
    assert found == ["fine", "fine", "version"]


def test_a_running_total_walked_in_its_loop_raises_in_the_second_iteration() -> None:
    def outcomes(add: Callable[[Any, Any], Any]) -> list[str]:
        w, total, found = leaf(), 0.0, []
        for _ in range(2):
            loss = w.pow(2).sum()
            total = add(total, loss)
            found.append(says((total if isinstance(total, torch.Tensor) else loss).backward))
        return found

    assert outcomes(lambda total, loss: total + loss) == ["fine", "twice"]
    assert outcomes(lambda total, loss: total + loss.item()) == ["fine", "fine"]


def test_a_graph_made_before_the_loop_raises_in_the_second_iteration() -> None:
    w = leaf(2, 3)
    prototypes = nn.functional.normalize(w)
    assert walks(*[(prototypes @ leaf(3)).sum() for _ in range(2)]) == ["fine", "twice"]


# ---------------------------------------------------------------- detach, walk the heads, walk the trunk once


def test_detach_and_reinject_gives_the_gradients_of_the_sum() -> None:
    s = Shared()
    (s.first + s.second).backward()
    expected = s.gradients()
    s.forward()
    d = s.z.detach().requires_grad_()
    for head in s.heads:
        head(d).pow(2).sum().backward()
    s.z.backward(gradient=d.grad)
    for ours, sum_of_losses in zip(s.gradients(), expected, strict=True):
        assert torch.equal(ours, sum_of_losses)


def test_a_forgotten_requires_grad_leaves_no_gradient_to_send_on() -> None:
    s = Shared()
    d = s.z.detach()
    s.heads[0](d).sum().backward()
    assert d.grad is None
    assert says(lambda: s.z.backward(d.grad)) == "not scalar"
    assert says(lambda: s.z[:1, :1].backward(None)) == "fine"  # one element: 1 is sent on in silence


def test_the_trunk_walked_in_the_loop_over_heads_counts_double() -> None:
    s = Shared()
    (s.first + s.second).backward()
    expected = s.gradients()[0]
    s.forward()
    d = s.z.detach().requires_grad_()
    for head in s.heads:
        head(d).pow(2).sum().backward()
        s.z.backward(d.grad, retain_graph=True)
    assert not torch.allclose(s.gradients()[0], expected)
    assert walks(s.z, s.z, gradient=torch.ones_like(s.z)) == ["fine", "twice"]


def test_zero_grad_does_not_reach_the_boundary() -> None:
    s = Shared()
    d = s.z.detach().requires_grad_()
    s.heads[0](d).sum().backward()
    s.optimizer.zero_grad()
    assert d.grad is not None


def test_the_boundary_is_a_leaf_that_no_head_may_change() -> None:
    d = torch.rand(3).requires_grad_()
    assert says(lambda: nn.ReLU(inplace=True)(d)) == "leaf"
    assert says(lambda: nn.ReLU(inplace=True)(d.clone())) == "fine"


def test_a_frozen_trunk_has_no_graph() -> None:
    s = Shared()
    s.trunk.requires_grad_(False)
    s.forward()
    assert walks(s.first, s.second) == ["fine", "fine"]
    assert says(lambda: s.z.backward(torch.ones_like(s.z))) == "no grad"


# ---------------------------------------------------------------- leaves and flags


def test_the_gradient_of_a_tensor_that_is_no_leaf_is_none_unless_retained() -> None:
    x = leaf()
    plain, kept = x * 2, x * 3
    kept.retain_grad()
    (plain + kept).sum().backward()
    with pytest.warns(UserWarning, match="is not a leaf Tensor"):
        assert plain.grad is None
    assert kept.grad is not None


def test_flags_make_leaves_only_of_tensors_without_a_graph() -> None:
    x = leaf()
    y = x * 2
    y.requires_grad_()
    assert not y.is_leaf
    assert says(lambda: y.requires_grad_(False)) == "flag"
    assert (torch.rand(3) * 2).requires_grad_().is_leaf
    assert not torch.rand(3, requires_grad=True).double().is_leaf
    assert torch.rand(3, requires_grad=True).float().is_leaf
    assert nn.Parameter(y).is_leaf


def test_a_remade_loss_walks_nothing() -> None:
    w = leaf()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for remade in (
            w.detach().sum().requires_grad_(),
            torch.tensor(w.sum(), requires_grad=True),
            torch.autograd.Variable(w.detach().sum(), requires_grad=True),
        ):
            assert says(remade.backward) == "fine"
            assert w.grad is None
        assert says(torch.tensor(w.sum()).backward) == "no grad"


def test_what_cuts_the_graph_in_silence_and_what_keeps_it() -> None:
    one, two = leaf().sum(), leaf().sum()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not torch.tensor([one, two]).requires_grad
    assert torch.stack([one, two]).requires_grad
    assert isinstance(float(one), float)
    assert isinstance(one.item(), float)
    assert "numpy" in says(one.numpy)


def test_the_context_of_the_forward_decides_not_that_of_the_walk() -> None:
    s = Shared()
    with torch.no_grad():
        assert says(s.first.backward) == "fine"
        s.forward()
        with torch.enable_grad():
            inner = s.heads[0](s.x).sum()
    assert says(s.first.backward) == "no grad"
    assert says(inner.backward) == "fine"
    with torch.inference_mode():
        z = torch.rand(3)
    assert says(lambda: leaf() * z) == "inference"
    assert says(lambda: leaf() * z.clone()) == "fine"


def test_a_scalar_is_a_tensor_of_one_element() -> None:
    x = leaf(1, 1)
    assert says((x * 2).backward) == "fine"
    assert says((leaf(2) * 2).backward) == "not scalar"
    assert "Mismatch in shape" in says(lambda: (leaf(2) * 2).backward(torch.ones(3)))
