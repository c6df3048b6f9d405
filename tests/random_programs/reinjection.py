"""The detach-reinject step, right or with one mistake."""

from __future__ import annotations

from .draft import Draft, indent
from .head_models import Heads
from .walks import loss_of, walk


def reinject(draft: Draft, heads: Heads, opts: list[str]) -> list[str]:
    """The detach-reinject step, right or with one mistake."""
    mistake = draft.weigh(
        {
            "": 8,
            "no requires_grad": 1.2,
            "in loop": 1.2,
            "no gradient": 0.8,
            "no detach": 1,
            "early": 0.5,
            "extra": 0.8,
            "z.grad": 0.5,
            "clone": 0.6,
        }
    )
    draft.note(f"reinject {mistake or 'right'}")
    z, d = draft.fresh("z", "h", "shared", "feats"), draft.fresh("d", "boundary", "leaf", "cut")
    head_loop = draft.chance(0.6)
    lines = [f"{z} = {heads.trunk}", *_cut(draft, z, d, mistake)]
    gradient = {"no gradient": "", "z.grad": f"{z}.grad"}.get(mistake, f"{d}.grad")
    again = _reinjection(draft, z, gradient)
    extra = ", retain_graph=True" if mistake == "in loop" and draft.chance(0.4) else ""
    source = z if mistake == "extra" else d
    if head_loop:
        body = [f"loss = {loss_of(draft, f'head({source})')}", *walk(draft, "loss")]
        if mistake == "in loop":
            body += [f"{z}.backward({gradient}{extra})"]
            again = []
        loop = [f"for head in {heads.iterable}:", *indent(body)]
    else:
        loop = []
        for number, call in enumerate(heads.named):
            value = call.format(source if number else d)
            loop += walk(draft, f"{loss_of(draft, value)}")
            if mistake == "in loop":
                loop += [f"{z}.backward({gradient}{extra})"]
        again = [] if mistake == "in loop" else again
    if draft.chance(0.12):
        again = [f"if {d}.grad is not None:", *indent(again)] if again else again
    if mistake == "early":
        return [*lines, *again, *loop]
    return [*lines, *loop, *again]


def _cut(draft: Draft, z: str, d: str, mistake: str) -> list[str]:
    if mistake == "no requires_grad":
        return [f"{d} = {z}.{draft.pick(['detach()', 'detach().clone()', 'data'])}"]
    if mistake in ("no detach", "clone"):
        return [f"{d} = {z}.clone()" if mistake == "clone" else f"{d} = {z}", *([f"{d}.retain_grad()"])]
    return draft.pick(
        [
            [f"{d} = {z}.detach().requires_grad_()"],
            [f"{d} = {z}.detach().requires_grad_(True)"],
            [f"{d} = {z}.detach()", f"{d}.requires_grad = True"],
            [f"{d} = {z}.detach().clone().requires_grad_()"],
            [f"{d} = {z}.data.requires_grad_()"],
            [f"{d} = {z}.clone().detach()", f"{d}.requires_grad_(True)"],
            [f"{d} = torch.autograd.Variable({z}.data, requires_grad=True)"],
            [f"{d} = nn.Parameter({z}.detach())"],
        ]
    )


def _reinjection(draft: Draft, z: str, gradient: str) -> list[str]:
    if not gradient:
        return [f"{z}.backward()"]
    return [
        draft.pick(
            [
                f"{z}.backward({gradient})",
                f"{z}.backward(gradient={gradient})",
                f"{z}.backward({gradient})",
                f"torch.autograd.backward({z}, {gradient})",
                f"torch.autograd.backward([{z}], [{gradient}])",
                f"torch.autograd.backward(tensors={z}, grad_tensors={gradient})",
            ]
        )
    ]
