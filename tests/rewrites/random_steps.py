"""Random training steps that can be rewritten, and such as only look as if.

Each has a trunk, several heads and several walks, with logging, weights, skipped heads, extra terms, wrappers and
hazards (hooks, clipping, steps, in-place changes, early exits) strewn in.
"""

from __future__ import annotations

import random

from .stepping import program

EXTRA = """\
class Scale(torch.autograd.Function):
    @staticmethod
    def forward(ctx, t):
        return t.view_as(t)

    @staticmethod
    def backward(ctx, g):
        return g / (1 + g.abs().max())


class Engine:
    def walk(self, loss, **kwargs):
        loss.backward(**kwargs)


def walk(loss, **kwargs):
    loss.backward(**kwargs)


engine = Engine()
scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
running = []


"""
HAZARDS = (
    "nn.utils.clip_grad_norm_(trunk.parameters(), 0.05)",
    "opt.zero_grad()",
    "opt.step()",
    "print(trunk[0].weight.grad is None)",
    "{z}.data.mul_(0.5)",
    "trunk[4].weight.data.mul_(0.9)",
    "trunk.eval()",
    "if {loss} > 50:\n    return",
    "first[1].weight.data.add_(0.1)",
    "for p in trunk.parameters():\n    if p.grad is not None:\n        p.grad.mul_(0.5)",
    "torch.autograd.grad({loss}, list(trunk.parameters()), retain_graph=True)",
)
LOGS = (
    "print({loss}.item())",
    "running.append({loss}.detach())",
    "print(float({z}.mean()))",
    "noise = torch.randn(())",
    "total = {loss}.item()",
)


def random_step(seed: int, hazards: bool) -> str:
    """A program of a seed; with `hazards`, one that likely must not be touched."""
    choose = random.Random(seed)
    lines = _trunk(choose)
    name = choose.choice(["z", "feats"])
    lines = [line.replace("{z}", name) for line in lines]
    if hazards and choose.random() < 0.3:
        early = f"{name}.register_hook(lambda g: g / (1e-3 + g.norm()))"
        lines.append(choose.choice([early, f"{name} = Scale.apply({name})", f"{name}.retain_grad()"]))
    if choose.random() < 0.5:
        lines.append("opt.zero_grad()")
        cleared = True
    else:
        cleared = False
    make = choose.choice([_loop, _straight, _prebuilt, _prebuilt_loop])
    body = make(choose, name, hazards)
    if not cleared:
        lines.insert(0, "opt.zero_grad()")
    tail = choose.choice(["opt.step()", "opt.step()\nprint(sum(p.sum() for p in trunk.parameters()).item())"])
    if choose.random() < 0.2:
        tail += f"\nreturn {name}.detach()"
    return program("\n".join([*lines, *body, tail]), EXTRA)


def _trunk(choose: random.Random) -> list[str]:
    return choose.choice(
        [
            ["{z} = trunk(x)"],
            ["h = trunk[:3](x)", "{z} = trunk[3:](h)"],
            ["{z} = trunk(x)  # the shared part"],
            ["a, b = trunk(x).chunk(2, 1)", "{z} = torch.cat([b, a], 1)"],
            ["{z} = trunk(x) * 2.0", "{z} = {z} + 1"],
            ["{z} = F.normalize(trunk(x), dim=1)"],
            ["{z}, other = trunk(x), torch.tanh(trunk(x))"],
        ]
    )


def _walk(choose: random.Random, loss: str, form: int, retain: str) -> str:
    flag = f"retain_graph={retain}" if retain else ""
    after = f", {flag}" if flag else ""
    forms = [
        f"{loss}.backward({flag})",
        f"walk({loss}{after})",
        f"engine.walk({loss}{after})",
        f"torch.autograd.backward({loss}{after})",
        f"scaler.scale({loss}).backward({flag})",
        f"({loss}).backward({flag})",
    ]
    return forms[form]


def _loss(choose: random.Random, head: str, name: str, target: str) -> str:
    inner = choose.choice([name, name, name, f"F.relu({name})", f"{name} * 0.5", f"{name}.clone()"])
    return choose.choice(
        [
            f"F.mse_loss({head}({inner}), {target})",
            f"({head}({inner}) - {target}).pow(2).mean()",
            f"0.3 * F.l1_loss({head}({inner}), {target})",
            f"F.smooth_l1_loss({head}({inner}), {target}).mean()",
        ]
    )


def _between(choose: random.Random, name: str, loss: str, hazards: bool, chance: float = 0.4) -> list[str]:
    found = []
    if choose.random() < chance:
        found.append(choose.choice(LOGS))
    if hazards and choose.random() < 0.5:
        found.append(choose.choice(HAZARDS))
    return [line.format(z=name, loss=loss) for line in found]


def _indented(lines: list[str]) -> list[str]:
    return ["    " + line for text in lines for line in text.split("\n")]


def _loop(choose: random.Random, name: str, hazards: bool) -> list[str]:
    header, head, target, last = choose.choice(
        [
            ("for head, y in zip(heads, ys):", "head", "y", ""),
            ("for i, head in enumerate(heads):", "head", "ys[i]", "i < len(heads) - 1"),
            ("for i in range(3):", "heads[i]", "ys[i]", "i < 2"),
            ("for i in range(len(heads)):", "heads[i]", "ys[i]", "i != len(heads) - 1"),
            ("for key, head in named.items():", "head", "ys[0, :, :2]", ""),
        ]
    )
    retain = choose.choice(["True", "True", last or "True", ""])
    body = [f"loss = {_loss(choose, head, name, target)}"]
    if choose.random() < 0.2:
        body.insert(0, f"if {target}.sum() < {choose.choice([-100, 0])}:\n    continue")
    form = choose.randrange(6)
    body += [*_between(choose, name, "loss", hazards, 0.2), _walk(choose, "loss", form, retain)]
    body += _between(choose, name, "loss", hazards)
    lines = [header, *_indented(body)]
    if choose.random() < 0.3:
        lines += [_walk(choose, f"{name}.pow(2).mean()", form, "")]
    return lines


def _straight(choose: random.Random, name: str, hazards: bool) -> list[str]:
    form = choose.randrange(6)
    retain = choose.choice(["True", "True", ""])
    lines = []
    count = choose.choice([2, 3])
    for index, head in enumerate(["first", "second", "third"][:count]):
        loss = choose.choice(["loss", f"loss_{index}"])
        lines.append(f"{loss} = {_loss(choose, head, name, f'ys[{index}]')}")
        lines.append(_walk(choose, loss, form, retain if index < count - 1 else ""))
        if index < count - 1:
            lines += _between(choose, name, loss, hazards)
    return lines


def _prebuilt(choose: random.Random, name: str, hazards: bool) -> list[str]:
    count = choose.choice([2, 3])
    losses = [f"loss_{index}" for index in range(count)]
    pairs = zip(losses, ["first", "second", "third"], strict=False)
    lines = [f"{loss} = {_loss(choose, head, name, f'ys[{i}]')}" for i, (loss, head) in enumerate(pairs)]
    form = choose.randrange(6)
    retain = choose.choice(["True", "True", ""])
    for index, loss in enumerate(losses):
        last = index == count - 1
        text = choose.choice([loss, loss, loss, f"(2 * {loss})"])
        walk = _walk(choose, text, form, "" if last else retain)
        if choose.random() < 0.15:
            walk = f"if {loss} > {choose.choice([-1.0, 0.5])}:\n    {walk}"
        lines.append(walk)
        if not last:
            lines += _between(choose, name, loss, hazards)
    return lines


def _prebuilt_loop(choose: random.Random, name: str, hazards: bool) -> list[str]:
    made = _loss(choose, "head", name, "y")
    lines, walked = choose.choice(
        [
            ([f"losses = [{made} for head, y in zip(heads, ys)]", "for loss in losses:"], "loss"),
            (
                [f"losses = [{made} for head, y in zip(heads, ys)]", "for i, loss in enumerate(losses):"],
                "loss",
            ),
            (
                [
                    f"parts = {{i: {made} for i, (head, y) in enumerate(zip(heads, ys))}}",
                    "for loss in parts.values():",
                ],
                "loss",
            ),
            (
                [f"parts = {{i: {made} for i, (head, y) in enumerate(zip(heads, ys))}}", "for key in parts:"],
                "parts[key]",
            ),
            (
                [
                    f"losses = [{made} for head, y in zip(heads, ys)]",
                    "for w, loss in zip([1.0, 2.0, 3.0], losses):",
                ],
                "(w * loss)",
            ),
            (
                [
                    "losses = []",
                    "for head, y in zip(heads, ys):",
                    f"    losses.append({made})",
                    "for loss in losses:",
                ],
                "loss",
            ),
        ]
    )
    body = [_walk(choose, walked, choose.randrange(6), choose.choice(["True", "True", ""]))]
    body += _between(choose, name, walked, hazards, 0.3)
    return [*lines, *_indented(body)]
