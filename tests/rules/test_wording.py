"""How findings call things: shortened so that what is called stays to be seen, names of the source in quotes."""

from __future__ import annotations

import ast

import pytest
from cases import PRELUDE

from mhlint.analyse import Request, analyse
from mhlint.rules.wording import code
from mhlint.source import Source
from mhlint.syntax import Program, Site


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("loss.backward()", "`loss.backward()`"),
        (f"model.loss({'x, ' * 30}y=1).mean().backward()", "`model.loss(...).mean().backward()`"),
        (f"backward({'loss, ' * 20})", "`backward(...)`"),
        (f"({' + '.join(f'loss{i}' for i in range(20))}).backward()", None),
    ],
)
def test_code_is_shortened_by_what_it_is_given(text: str, shown: str | None) -> None:
    tree = ast.parse(text)
    statement = tree.body[0]
    assert isinstance(statement, ast.Expr)
    said = code(Site(Program(Source("a.py", text), tree), statement.value))
    if shown is None:
        assert said.startswith("`(loss0 + loss1")
        assert said.endswith(" ...`")
        assert len(said) < 70
    else:
        assert said == shown


def messages(body: str, rule: str) -> list[str]:
    return [item.message for item in analyse(Source("case.py", PRELUDE + body), Request(frozenset([rule]))).findings]


def test_a_kept_value_is_called_by_its_name_or_by_its_part() -> None:
    (message,) = messages("h = trunk(x)\ny = h * h\nh += 1\ny.sum().backward()\n", "MHL103")
    assert "needs the value of `h` that `h * h` (line 12) kept;" in message
    body = "y = trunk(head_a.weight[:, :4]).sum()\ntrunk[0].weight.data.mul_(2)\ny.backward()\n"
    (message,) = messages(body, "MHL306")
    assert "runs on the Linear's weight that" in message
