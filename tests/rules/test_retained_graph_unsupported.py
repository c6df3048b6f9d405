"""Several walks through wrappers that take one. Nothing is run: that needs several processes or a compiler."""

from __future__ import annotations

from pathlib import Path

import pytest
from cases import Case, check, in_pytest, reported

from mhlint.gate import guarded, needles, passes
from mhlint.rules import RULES

BOTH = """
        class Both(nn.Module):
            def __init__(self):
                super().__init__()
                self.trunk, self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 1)

            def forward(self, x):
                z = torch.relu(self.trunk(x))
                return self.a(z), self.b(z)

        wrapped = nn.parallel.DistributedDataParallel(Both())
"""
SILENT = [
    Case("the sum", BOTH + """
        a, b = wrapped(x)
        (a.sum() + b.sum()).backward()
    """, runs=False),
    Case("a forward for each walk", BOTH + """
        a, _ = wrapped(x)
        a.sum().backward()
        _, b = wrapped(x)
        b.sum().backward()
    """, runs=False),
    Case("DataParallel", """
        wrapped = nn.DataParallel(trunk)
        z = wrapped(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
    """, runs=False),
    Case("heads called outside on a boundary", """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.trunk, self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 1)

            def forward(self, x):
                return torch.relu(self.trunk(x))

        net = Net()
        wrapped = nn.parallel.DistributedDataParallel(net)
        z = wrapped(x)
        d = z.detach().requires_grad_()
        net.a(d).sum().backward()
        net.b(d).sum().backward()
        z.backward(gradient=d.grad)
    """, runs=False),
    Case("one walk of a compiled trunk", """
        fast = torch.compile(trunk)
        z = fast(x)
        (head_a(z).sum() + head_b(z).sum()).backward()
    """, runs=False),
]
FIRING = [
    Case("two losses of one wrapped forward", BOTH + """
        a, b = wrapped(x)
        a.sum().backward(retain_graph=True)
        b.sum().backward()  # here
    """, runs=False),
    Case("two walks of a compiled trunk", """
        @torch.compile
        def fast(x):
            return torch.relu(trunk(x))

        z = fast(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()  # here, likely
    """, runs=False),
]
CASES = SILENT + FIRING


def test_no_other_advice_is_given_there() -> None:
    """The walk is redundant, too; that it cannot be made is what counts."""
    assert all(not reported(case, "MHL201") for case in FIRING)


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL105", tmp_path)


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("net = torch.compile(net)\n", True),
        ("@torch.compile\ndef f(x): ...\n", True),
        ("from torch import compile, nn\n", True),
        ("net.compile(backend='inductor')\n", True),
        ("y = checkpoint(f, x, use_reentrant=True)\n", True),
        ("net = DistributedDataParallel(net)\n", True),
        ("_WORD = re.compile('a')\ncode = compile(text, '', 'exec')\n", False),
        ("tree = regex.compile('a')\n", False),
    ],
)
def test_what_may_be_compiled_is_looked_at_and_a_regular_expression_is_not(text: str, passed: bool) -> None:
    codes = ["MHL105"]
    assert passes(text.encode(), needles(codes, RULES, ()), guarded(codes, RULES)) is passed
