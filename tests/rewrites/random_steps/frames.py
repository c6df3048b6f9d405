"""What stands around a step: a function, a method or a module-level loop, and how the step ends."""

from __future__ import annotations

import random
import re
import textwrap

from .boundaries import Boundary
from .setting import setting

_OWN = ("trunk", "linear_trunk", "both", "pyramid", "heads", "named", "opt", "scaler")


def ending(choose: random.Random, trunk: Boundary, scaled: bool) -> list[str]:
    """How a step ends: clipping, the optimizer's step, a scaler's, a scheduler's, a return."""
    lines = []
    if scaled:
        if choose.random() < 0.3:
            lines += ["scaler.unscale_(opt)", "nn.utils.clip_grad_norm_(everything.parameters(), 1.0)"]
        lines += ["scaler.step(opt)", "scaler.update()"]
    else:
        if choose.random() < 0.3:
            lines.append("nn.utils.clip_grad_norm_(everything.parameters(), 1.0)")
        lines.append("opt.step()")
    if choose.random() < 0.3:
        lines.append("scheduler.step()")
    if choose.random() < 0.2:
        lines.append("print(sum(p.sum() for p in trunk.parameters()).item())")
    if choose.random() < 0.2:
        lines.append(f"return {trunk.tensor}.detach()")
    return lines


def framed(choose: random.Random, body: list[str], end: list[str], clearing: str) -> str:
    """The whole program: models, and the step in its frame."""
    returns = any(line.strip().startswith("return") for text in [*body, *end] for line in text.split("\n"))
    frames = [_function, _function, _method, _inner] if returns else [_function, _method, _inner, _module, _accumulated]
    program = choose.choice(frames)(body, end, clearing)
    return setting(program) + program


def _lines(lines: list[str], depth: int) -> str:
    return textwrap.indent("\n".join(lines), "    " * depth) + "\n"


def _function(body: list[str], end: list[str], clearing: str) -> str:
    calls = "for _ in range(2):\n    step(torch.randn(5, 4), torch.randn(3, 5, 3))\n"
    return f"def step(x, ys):\n{_lines([*body, *end], 1)}\n\n{calls}"


def _method(body: list[str], end: list[str], clearing: str) -> str:
    text = _lines([*body, *end], 2)
    for name in _OWN:
        text = re.sub(rf"(?<![\w.'])\b{name}\b(?=[\[(.,)])", f"self.{name}", text)
    setup = _lines([f"self.{name} = {name}" for name in _OWN if f"self.{name}" in text], 2)
    calls = "trainer = Trainer()\nfor _ in range(2):\n    trainer.step(torch.randn(5, 4), torch.randn(3, 5, 3))\n"
    return f"class Trainer:\n    def __init__(self):\n{setup}\n    def step(self, x, ys):\n{text}\n\n{calls}"


def _inner(body: list[str], end: list[str], clearing: str) -> str:
    step = f"    def step(x, ys):\n{_lines([*body, *end], 2)}\n"
    calls = "    for _ in range(2):\n        step(torch.randn(5, 4), torch.randn(3, 5, 3))\n"
    return f"def main():\n{step}{calls}\n\nmain()\n"


def _module(body: list[str], end: list[str], clearing: str) -> str:
    inputs = "    x, ys = torch.randn(5, 4), torch.randn(3, 5, 3)\n"
    return f"for batch in range(2):\n{inputs}{_lines([*body, *end], 1)}"


def _accumulated(body: list[str], end: list[str], clearing: str) -> str:
    """Gradients of two batches are summed before the step."""
    kept = [line for line in body if line != clearing]
    stepping = ["if batch % 2:", *("    " + line for line in [*end, clearing])]
    inputs = ["x, ys = torch.randn(5, 4), torch.randn(3, 5, 3)"]
    return f"def train():\n    for batch in range(4):\n{_lines([*inputs, *kept, *stepping], 2)}\n\ntrain()\n"
