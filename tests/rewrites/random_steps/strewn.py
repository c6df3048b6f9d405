"""What stands between the walks: reads for the log that change nothing, and hazards that forbid a rewrite."""

from __future__ import annotations

import random

from .boundaries import Boundary

LOGS = (
    "print({loss}.item())",
    "running.append({loss}.detach())",
    "running.append({loss})",
    "print(float({z}.mean()))",
    "print(f\"{{{z}.mean():.6f}}\")",
    "noise = torch.randn(())",
    "total = {loss}.item()",
    "meter.update({loss}.item(), 5)",
    "book.add({loss})",
    "torch.manual_seed(3)",
    "scheduler.step()",
)
HAZARDS = (
    "nn.utils.clip_grad_norm_(trunk.parameters(), 0.05)",
    "opt.zero_grad()",
    "opt.zero_grad(set_to_none=False)",
    "trunk.zero_grad()",
    "opt.step()",
    "print(trunk[0].weight.grad is None)",
    "grads = [p.grad.clone() for p in trunk.parameters() if p.grad is not None]\nprint(sum(g.sum() for g in grads))",
    "{z}.data.mul_(0.5)",
    "{z}.detach().mul_(0.5)",
    "trunk[4].weight.data.mul_(0.9)",
    "with torch.no_grad():\n    trunk[0].weight.mul_(0.9)",
    "trunk.eval()",
    "heads.eval()",
    "if {loss} > 50:\n    return",
    "first[1].weight.data.add_(0.1)",
    "x.add_(1.0)",
    "for p in trunk.parameters():\n    if p.grad is not None:\n        p.grad.mul_(0.5)",
    "torch.autograd.grad({loss}, list(trunk.parameters()), retain_graph=True)",
    "print(torch.autograd.grad({loss}, {z}, retain_graph=True, allow_unused=True)[0] is None)",
    "trunk.requires_grad_(False)",
    "ghost(trunk)",
    "{z}.retain_grad()",
    "{z}.grad = None",
)


def between(choose: random.Random, trunk: Boundary, loss: str, hazards: bool, chance: float = 0.4) -> list[str]:
    """Lines for between two walks."""
    found = []
    if choose.random() < chance:
        found.append(choose.choice(LOGS))
    if hazards and choose.random() < 0.5:
        found.append(choose.choice(HAZARDS))
    return [line.format(z=trunk.tensor, loss=loss) for line in found]


def early_hazard(choose: random.Random, trunk: Boundary) -> list[str]:
    """Lines for behind the trunk's forward that make its walk see more than a sum."""
    found = [
        f"{trunk.tensor}.register_hook(lambda g: g / (1e-3 + g.norm()))",
        f"{trunk.tensor}.retain_grad()",
        "handle = trunk[0].weight.register_hook(lambda g: g.clamp(-0.01, 0.01))",
        "handle = trunk.register_full_backward_hook(lambda m, i, o: tuple(g / (1e-3 + g.norm()) for g in i if g is not None) or None)",  # noqa: E501
        "handle = trunk[4].bias.register_post_accumulate_grad_hook(lambda p: None if p.grad.mul_(0.5) is None else None)",  # noqa: E501
    ]
    if trunk.name:
        found += [f"{trunk.name} = Scale.apply({trunk.name})", f"{trunk.name} = Scale.apply({trunk.name})"]
    return [choose.choice(found)]
