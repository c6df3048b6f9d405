"""Losses on heads, and the forms of a backward call."""

from __future__ import annotations

import random

from .boundaries import Boundary

SCALED = "scaler.scale({loss}).backward({flag})"
FORMS = (
    "{loss}.backward({flag})",
    "{loss}.backward({flag})",
    "walk({loss}{after})",
    "engine.walk({loss}{after})",
    "torch.autograd.backward({loss}{after})",
    "torch.autograd.backward([{loss}]{after})",
    SCALED,
    "({loss}).backward({flag})",
)


def walk(loss: str, form: str, retain: str) -> str:
    """A backward call; `retain` is the value of its flag, or nothing."""
    flag = f"retain_graph={retain}" if retain else ""
    return form.format(loss=loss, flag=flag, after=f", {flag}" if flag else "")


def loss(choose: random.Random, trunk: Boundary, head: str, target: str) -> str:
    """The loss of a head on something of the boundary."""
    fed = choose.choice([trunk.inputs[0], choose.choice(trunk.inputs)])
    inner = choose.choice([fed, fed, fed, fed, f"F.relu({fed})", f"({fed}) * 0.5", f"({fed}).clone()", f"drop({fed})"])
    return choose.choice(
        [
            f"F.mse_loss({head}({inner}), {target})",
            f"F.mse_loss({head}({inner}), {target})",
            f"({head}({inner}) - {target}).pow(2).mean()",
            f"0.3 * F.l1_loss({head}({inner}), {target})",
            f"F.smooth_l1_loss({head}({inner}), {target}).mean()",
            f"criterion({head}({inner}), {target}) / 2",
            f"F.mse_loss({head}({inner}), {target}) + 0.1 * ({fed}).pow(2).mean()",
            f"torch.exp(-log_vars[0]) * criterion({head}({inner}), {target}) + log_vars[0]",
        ]
    )
