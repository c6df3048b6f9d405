"""Whose a name is: a function or comprehension inside that has the name to itself stands in no rewrite's way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from mhlint.rewrites.inner_scopes import captured, used_here  # noqa: E402

from .stepping import assert_same, fixed, offered, program  # noqa: E402

STEP = """
z = trunk(x)
opt.zero_grad()
a = F.mse_loss(first(z), ys[0]) + {one}
a.backward(retain_graph=True)
{line}
b = F.mse_loss(second(z), ys[1]) + {other}
b.backward()
opt.step()
"""
OWN = [
    ("sum(z.sum() for z in ys[:1])", "pass", "0"),
    ("0", "scale = lambda z: z.sum()", "scale(ys[0])"),
    ("0", "many = {z: [z for z in (z, 2)] for z in range(2)}", "len(many)"),
    ("0", "def scale(t):\n    z = t * 2\n    return [z for _ in range(2)][0].sum()", "scale(ys[0])"),
    ("0", "class Own:\n    def scale(self, t):\n        z = t\n        return z.sum()", "Own().scale(ys[0])"),
]
SHARED = [
    ("0", "late = lambda: z.sum()", "late()"),
    ("0", "def late(t=0):\n    return [z.sum() for _ in range(2)][0]", "late()"),
    ("0", "def late():\n    nonlocal z\n    return z.sum()", "late()"),
    ("0", "class Late:\n    def give(self):\n        return z.sum()", "Late().give()"),
]


@pytest.mark.parametrize("one, line, other", OWN)
def test_a_name_of_its_own_is_left_alone(one: str, line: str, other: str, tmp_path: Path) -> None:
    text = program(STEP.format(one=one, line=line, other=other))
    after = fixed(text, unsafe=True)
    assert "z.backward(gradient=z_detached.grad)" in after
    assert one in after
    assert line.partition("\n")[0] in after
    assert_same(text, after, tmp_path)


@pytest.mark.parametrize("one, line, other", SHARED)
def test_a_name_that_is_captured_is_not_replaced(one: str, line: str, other: str, tmp_path: Path) -> None:
    text = program(STEP.format(one=one, line=line, other=other))
    assert any("detach-reinject: `z` is read by a function inside" in message for _, message in offered(text, "MHL201"))
    assert "z_detached" not in fixed(text, unsafe=True)


@pytest.mark.parametrize(
    "text, here, inside",
    [
        ("def f(a=z): return z", 2, 1),
        ("def f(z): return lambda: z", 0, 0),
        ("def f():\n    global z\n    z = 1", 1, 1),
        ("[z for z in z]", 1, 0),
        ("[z for y in z for z in z]", 1, 0),
        ("[(z := y) for y in ys]", 1, 0),
        ("class C:\n    z = 1\n    def f(self): return z", 1, 1),
        ("try: pass\nexcept E as e: z", 1, 0),
        ("def f():\n    def g():\n        return z\n    z = 1", 0, 0),
        ("@z\ndef f(): pass", 1, 0),
    ],
)
def test_whose_a_name_is(text: str, here: int, inside: int) -> None:
    body = ast.parse(text).body
    assert sum(use.id == "z" for use in used_here(body)) == here
    assert sum(use.id == "z" for use in captured(body, of_module=True)) == inside


def test_a_global_of_a_function_inside_is_not_a_name_of_the_function_around() -> None:
    body = ast.parse("def f():\n    global z\n    z = 1").body
    assert not captured(body, of_module=False)


def test_the_functions_of_the_walks_are_named() -> None:
    extra = (
        "def one(z, y):\n    loss = F.mse_loss(first(z), y)\n    loss.backward(retain_graph=True)\n    return loss\n\n"
        "def two(z, y):\n    loss = F.mse_loss(second(z), y)\n    loss.backward()\n    return loss\n\n"
    )
    text = program("z = trunk(x)\nopt.zero_grad()\none(z, ys[0])\ntwo(z, ys[1])\nopt.step()", extra)
    messages = [message for _, message in offered(text, "MHL201")]
    assert any("the backward calls stand in different functions, `one` and `two`" in message for message in messages)
