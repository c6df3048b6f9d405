"""How findings call things: shortened so that what is called stays to be seen, names of the source in quotes."""

from __future__ import annotations

import ast

import pytest
from cases import PRELUDE

from mhlint.analyse import Request, analyse
from mhlint.rules.wording import code
from mhlint.source import Cell, Source
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


def test_lines_of_a_notebook_are_those_of_its_cells() -> None:
    text = (
        "import torch\nfrom torch import nn\n"
        "trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())\n"
        "z = trunk(torch.randn(3, 4))\nz.sum().backward()\n"
        "z.mean().backward()\n"
    )
    source = Source("case.ipynb", text, (Cell(1, 1, 2), Cell(3, 3, 1), Cell(4, 4, 3)))
    (finding,) = analyse(source, Request(frozenset(["MHL101"]))).findings
    assert "of `trunk(torch.randn(3, 4))` (line 1) a second time; `z.sum().backward()` on line 2 has" in finding.message
    source = Source("case.ipynb", text, (Cell(1, 1, 5), Cell(3, 6, 1)))
    (finding,) = analyse(source, Request(frozenset(["MHL101"]))).findings
    assert "(line 4 of cell 1) a second time; `z.sum().backward()` on line 5 of cell 1 has freed it" in finding.message
