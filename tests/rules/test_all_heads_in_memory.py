"""Heads that wait for one walk."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("detach-reinject", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
        z.backward(gradient=d.grad)
    """),
    Case("one head", """
        z = trunk(x)
        (head_a(z).sum() + z.pow(2).sum()).backward()
    """),
    Case("a chain is no set of heads", """
        z = trunk(x)
        y = head_a(z)
        (y.sum() + nn.Linear(1, 1)(y).sum()).backward()
    """),
]
FIRING = [
    Case("two heads", """
        z = trunk(x)
        (head_a(z).sum() + head_b(z).sum()).backward()  # here
    """),
    Case("a loop that adds up", """
        z = trunk(x)
        total = 0.0
        for head in heads:
            total = total + head(z).pow(2).mean()
        total.backward()  # here
    """),
    Case("a list of roots", """
        z = trunk(x)
        torch.autograd.backward([head_a(z).sum(), head_b(z).sum()])  # here
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL204", tmp_path)
