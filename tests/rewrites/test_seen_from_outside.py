"""What can tell a rewritten step from the old one, though it stands outside of the walks' lines."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from .stepping import assert_same, fixed, offered, program  # noqa: E402

LOOP = """
z = trunk(x)
opt.zero_grad()
for head, y in zip(heads, ys):
    loss = F.mse_loss(head(z), y)
    loss.backward(retain_graph=True)
opt.step()
"""

DEFINITIONS = '''
def leafy(t):
    return t * 2 if t.is_leaf else t


def told(t):
    return "a leaf" if t.grad_fn is None else "made"


def shown(t):
    print(f"{t}")


'''


@pytest.mark.parametrize(
    "line", ["print(z)", "print('z', [z])", "print(repr(z)[-30:])", "print('%s' % z)", "print('{}'.format(z))"]
)
def test_text_of_the_boundary_stays_that_of_a_result(line: str, tmp_path: Path) -> None:
    """The text of a tensor says whether it is a leaf: what is printed is the boundary itself, not its copy."""
    text = program(LOOP.replace("    loss.b", f"    {line}\n    loss.b"))
    after = fixed(text)
    assert f"    {line}\n" in after
    assert "head(z_detached)" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("line", ["loss = F.mse_loss(head(leafy(z)), y)", "print(told(z))", "shown(z)"])
def test_a_function_that_asks_whether_it_is_given_a_leaf(line: str, tmp_path: Path) -> None:
    """The copy is a leaf and the trunk's output is none: the losses are summed."""
    text = program(LOOP.replace("    loss.b", f"    {line}\n    loss.b"), DEFINITIONS)
    after = fixed(text)
    assert "detach" not in after
    assert "sum(losses)" in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("change", ["loss *= 2", "loss.detach_()"])
def test_a_loss_that_is_changed_in_place_behind_its_walk(change: str, tmp_path: Path) -> None:
    """The walk of a sum would see what became of it."""
    text = program(LOOP.replace("retain_graph=True)", f"retain_graph=True)\n    {change}"))
    assert fixed(text, "sum") == text
    assert_same(text, fixed(text), tmp_path)


@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
@pytest.mark.parametrize(
    "extra", ["print(weight.norm().item())", "log()", "print([g.norm().item() for g in kept])", "print(kept[0].norm())"]
)
def test_a_gradient_that_is_read_by_another_name(extra: str, style: str) -> None:
    """Each walk adds to the tensor that `weight` names."""
    text = program(
        LOOP.replace("retain_graph=True)", f"retain_graph=True)\n    {extra}"),
        """
        for parameter in trunk.parameters():
            parameter.grad = torch.zeros_like(parameter)
        weight = trunk[0].weight.grad
        kept = [parameter.grad for parameter in trunk.parameters()]


        def log():
            print(weight.norm().item())


        """,
    ).replace("opt.zero_grad()", "opt.zero_grad(set_to_none=False)")
    assert fixed(text, style) == text


@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
def test_a_step_that_shares_its_block_with_the_last_walk(style: str, tmp_path: Path) -> None:
    """The trunk's gradient has to be there before the optimizer steps, in the branch as everywhere."""
    step = LOOP.replace("opt.step()", "if full:\n    z.pow(2).mean().backward()\n    opt.step()\n    opt.zero_grad()")
    text = program(step, "full = True\n\n\n")
    assert_same(text, fixed(text, style), tmp_path)
    text = program(step.replace("loss.backward(", "if loss > 9: continue\n    loss.backward("), "full = True\n\n\n")
    assert_same(text, fixed(text, style), tmp_path)


@pytest.mark.parametrize(
    "frame",
    [
        "try:\n    step_inner(x, ys)\nexcept ValueError:\n    opt.step()",
        "with contextlib.suppress(ValueError):\n    step_inner(x, ys)",
    ],
)
@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
def test_an_error_in_between_that_a_caller_catches(frame: str, style: str) -> None:
    """The first loss's gradient is there when the second head raises."""
    inner = LOOP.replace("\n", "\n    ")
    text = program(frame, f"import contextlib\n\n\ndef step_inner(x, ys):{inner}\n\n\n")
    assert fixed(text, style) == text
    ((applicability, message),) = offered(text, "MHL201", style)
    assert applicability == "unsafe"
    assert "caught" in message


def test_an_error_that_ends_the_program(tmp_path: Path) -> None:
    """A handler that raises again, or waits for the keyboard, lets no half step go on."""
    inner = LOOP.replace("\n", "\n    ")
    text = program(
        "try:\n    inner(x, ys)\nexcept KeyboardInterrupt:\n    pass\nexcept RuntimeError:\n    print('no')\n    raise",
        f"def inner(x, ys):{inner}\n\n\n",
    )
    after = fixed(text)
    assert "z_detached" in after
    assert_same(text, after, tmp_path)


TRACES = {
    "draws": "return g + 0.1 * torch.randn_like(g)",
    "prints": "print('walked')\n        return g",
    "keeps": "SEEN[0] += 1\n        return g / SEEN[0]",
}


@pytest.mark.parametrize("style", ["auto", "sum"])
@pytest.mark.parametrize("name", TRACES)
def test_a_backward_that_leaves_traces(name: str, style: str, tmp_path: Path) -> None:
    """Walked together, the last head comes first; walked one by one down to the boundary, they keep their order."""
    extra = f"""
    SEEN = [0]


    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, t):
            return t.clone()

        @staticmethod
        def backward(ctx, g):
            {TRACES[name]}


    """.replace("\n        return", "\n            return")
    text = program(LOOP.replace("head(z)", "Own.apply(head(z))"), extra)
    after = fixed(text, style)
    assert ("z_detached" in after) is (style == "auto")
    assert_same(text, after, tmp_path)


def test_a_backward_of_a_head_that_only_computes(tmp_path: Path) -> None:
    """It gives the same whenever it is run."""
    extra = """
    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, t):
            return t.clone()

        @staticmethod
        def backward(ctx, g):
            made = torch.zeros_like(g)
            made[:, 0] = g[:, 0]
            return made


    """
    text = program(LOOP.replace("head(z)", "Own.apply(head(z))"), extra)
    assert "sum(losses)" in fixed(text, "sum")
    assert_same(text, fixed(text, "sum"), tmp_path)


@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
@pytest.mark.parametrize("line", ["own.step()", "own.zero_grad()", "made().step()", "book['own'].step()"])
def test_a_call_of_step_between_the_walks(line: str, style: str) -> None:
    """Whatever is called so may step: no walk is moved over it, not by an unsafe fix either."""
    extra = """
    from somewhere import book, made, own


    """
    text = program(LOOP.replace("retain_graph=True)", f"retain_graph=True)\n    {line}"), extra)
    assert fixed(text, style, unsafe=True) == text


BESIDE = {
    "a text": "class Watch:\n    def __format__(self, spec):\n        return str(trunk[0].weight.grad is None)",
    "an end": "class Watch:\n    def __del__(self):\n        shrink()",
    "a program in a text": "pass",
    "memory of a tensor": "pass",
    "other weights": "pass",
    "a function handed on": "def look(module):\n    shrink()",
    "a hook of a head": "heads[1].register_forward_pre_hook(lambda module, given: shrink())",
    "saved tensors": "saving = torch.autograd.graph.saved_tensors_hooks(shown, shown)\nsaving.__enter__()",
}


@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
@pytest.mark.parametrize("name", BESIDE)
def test_code_that_no_call_shows(name: str, style: str, tmp_path: Path) -> None:
    """Python or torch calls it by itself, between the walks or in each of them: no safe fix."""
    extra = f"""
def shown(t):
    print(tuple(t.shape))
    return t


def shrink():
    for parameter in trunk.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(0.5)


{BESIDE[name]}


"""
    lines = {"a text": "print(f'{Watch()}')", "an end": "Watch()", "a function handed on": "trunk[0].apply(look)"}
    lines["memory of a tensor"] = "kept = z.detach().numpy()\n    kept[0, 0] = 3"
    lines["other weights"] = "heads[0].float()\n    heads[0].double()"
    lines["a program in a text"] = "exec('print([p.grad is None for p in trunk.parameters()])')"
    line = lines.get(name, "print('walked')")
    text = program(LOOP.replace("retain_graph=True)", f"retain_graph=True)\n    {line}"), extra)
    assert fixed(text, style) == text


@pytest.mark.parametrize(
    "hook",
    [
        "torch.autograd.graph.register_multi_grad_hook(list(trunk.parameters()), lambda grads: print('all'))",
        "nn.modules.module.register_module_full_backward_hook(lambda module, given, out: print('walked'))",
    ],
)
def test_a_hook_on_everything_that_is_walked(hook: str) -> None:
    """It is called once for each walk of the trunk: they are needed apart."""
    text = program(LOOP, f"{hook}\n\n\n")
    assert fixed(text, unsafe=True) == text


@pytest.mark.parametrize("style", ["auto", "sum"])
def test_a_method_of_what_is_not_seen_that_is_given_the_input(style: str) -> None:
    """It may take a gradient of the boundary down to the input, which the cut would part, or read one."""
    step = """
    opt.zero_grad()
    x.requires_grad_()
    out = critic(x)
    a = F.mse_loss(out, ys[0])
    a.backward(retain_graph=True)
    b = 10 * critic.penalty(out, x)
    b.backward()
    opt.step()
    """
    extra = """
    from somewhere import Critic

    critic = Critic()
    opt = torch.optim.SGD(critic.parameters(), lr=0.1)


    """
    text = program(step, extra)
    ((applicability, message),) = offered(text, "MHL201", style)
    assert applicability == "unsafe"
    assert "Walk the sum" in message
    assert "`Critic.penalty` is called between the walks and could read gradients" in message


@pytest.mark.parametrize("style", ["sum", "detach-reinject"])
def test_gradients_that_are_deleted_between_the_walks(style: str) -> None:
    """To delete `.grad` is to clear it: the walks are needed apart."""
    line = "for p in trunk.parameters():\n        del p.grad"
    text = program(LOOP.replace("retain_graph=True)", f"retain_graph=True)\n    {line}"))
    assert fixed(text, style, unsafe=True) == text
