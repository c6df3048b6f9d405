"""MHL204: losses that are walked together are walked in turn, each head before the next one runs."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mhlint.analyse import Request, analyse  # noqa: E402
from mhlint.documents import edited, open_document  # noqa: E402
from mhlint.findings import Fix  # noqa: E402

from .stepping import assert_same, program  # noqa: E402

START = "opt.zero_grad()\nz = trunk(x)\n"
PAIR = f"{START}a = F.mse_loss(first(z), ys[0])\nb = F.mse_loss(second(z), ys[1])\n"
TOTAL = "loss = a + b + c\nloss.backward()\nopt.step()"
LOOP = "for head, y in zip(heads, ys):\n    loss = F.mse_loss(head(z), y)\n"

IN_TURN = {
    "a sum": (f"{PAIR}(a + 0.5 * b).backward()\nopt.step()", ["a.backward()\n    b =", "(0.5 * b).backward()\n    z."]),
    "a named sum": (f"{PAIR}total = a + b\ntotal.backward()\nopt.step()", ["b.backward()\n    z.backward("]),
    "a sum that is logged": (
        f"{PAIR}total = a + b\ntotal.backward()\nopt.step()\nprint(total.item())",
        ["total = a + b\n    b.backward()"],
    ),
    "written out in the walk": (
        f"{START}(F.mse_loss(first(z), ys[0]) + F.mse_loss(second(z), ys[1])).backward()\nopt.step()",
        ["F.mse_loss(first(z_detached), ys[0]).backward()\n    F.mse_loss(second(z_detached), ys[1]).backward()"],
    ),
    "a running sum": (
        f"{START}total = 0.0\n{LOOP}    total += loss\ntotal.backward()\nopt.step()",
        ["loss = F.mse_loss(head(z_detached), y)\n        loss.backward()\n    z.backward("],
    ),
    "a list": (
        f"{START}losses = []\nfor head, y in zip(heads, ys):\n    losses.append(F.mse_loss(head(z), y))\n"
        "sum(losses).backward()\nopt.step()\nprint(len(losses))",
        ["losses.append(loss)\n        loss.backward()"],
    ),
    "a list that is written out": (
        f"{PAIR}torch.autograd.backward([a, b])\nopt.step()",
        ["torch.autograd.backward([a])\n    b =", "torch.autograd.backward([b])\n    z."],
    ),
    "the boundary in a loss": (
        f"{START}a = F.mse_loss(first(z), ys[0]) + z.pow(2).mean()\nb = F.mse_loss(second(z), ys[1])\n"
        "c = F.mse_loss(third(z), ys[2])\nloss = a + b + c\nloss.backward()\nopt.step()",
        ["z_detached.pow(2).mean()\n    a.backward()", "c.backward()\n    z."],
    ),
    "a loss on parameters alone": (
        f"{PAIR}c = first[1].weight.pow(2).sum()\nloss = a + b + c\nloss.backward()\nopt.step()",
        ["b.backward()\n    z.backward(gradient=z_detached.grad)\n    c = ", "c.backward()\n    opt"],
    ),
}


def _fix(text: str) -> Fix:
    source = open_document("program.py", text.encode()).source
    (finding,) = analyse(source, Request(codes=frozenset({"MHL204"}))).findings
    assert finding.fix is not None
    return finding.fix


@pytest.mark.parametrize("name", IN_TURN)
def test_walked_in_turn(name: str, tmp_path: Path) -> None:
    """The same gradients, the same random numbers in the same order, no flag left."""
    step, wanted = IN_TURN[name]
    text = program(step)
    fix = _fix(text)
    assert fix.applicability.value == "safe"
    assert "for the same work" in fix.message
    after = edited(open_document("program.py", text.encode()), [fix.edits]).decode()
    assert all(part in after for part in wanted), after
    assert "retain_graph" not in after
    assert_same(text, after, tmp_path)


SAID = {
    "cleared before the walk": (f"{PAIR}opt.zero_grad()\n(a + b).backward()\nopt.step()", "cleared or read"),
    "read before the walk": (
        PAIR.replace("b =", "print(trunk[0].weight.grad is None)\nb =") + "(a + b).backward()\nopt.step()",
        "cleared or read",
    ),
    "read behind the loop": (
        f"{START}total = 0.0\n{LOOP}    total += loss\nprint(trunk[0].weight.grad is None)\n"
        "total.backward()\nopt.step()",
        "between the loop and the walk",
    ),
    "cleared behind the loop": (
        f"{START}total = 0.0\n{LOOP}    total += loss\nopt.zero_grad()\ntotal.backward()\nopt.step()",
        "",
    ),
    "a number on some path": (
        f"{PAIR}c = 0.0\nif x.sum() > 0:\n    c = F.mse_loss(third(z), ys[2])\n{TOTAL}",
        "may have no graph",
    ),
    "a loss without a graph": (f"{PAIR}c = x.pow(2).mean()\nloss = a + b + c\nloss.backward()\nopt.step()", "no graph"),
    "made at once": (
        f"{START}losses = [F.mse_loss(head(z), y) for head, y in zip(heads, ys)]\nsum(losses).backward()\nopt.step()",
        "not written out",
    ),
    "all heads first": (
        f"{START}p, q = first(z), second(z)\na = F.mse_loss(p, ys[0])\nb = F.mse_loss(q, ys[1])\n"
        "(a + b).backward()\nopt.step()",
        "have all run before",
    ),
    "one loss made of the other": (
        PAIR.replace("ys[1])", "ys[1]) * a") + "(a + b).backward()\nopt.step()",
        "do not meet the trunk",
    ),
    "left before the walk": (f"{PAIR}loss = a + b\nif loss > 9:\n    return\nloss.backward()\nopt.step()", ""),
}


@pytest.mark.parametrize("name", SAID)
def test_said_and_not_written(name: str) -> None:
    """Where it is not proven to be the same it is said why."""
    step, reason = SAID[name]
    fix = _fix(program(step))
    assert fix.applicability.value == "display"
    assert reason in fix.message
