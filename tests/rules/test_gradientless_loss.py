"""Losses that are made to look as if they had a graph."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("a loss with a graph", """
        loss = trunk(x).mean()
        loss.requires_grad_()
        loss.backward()
    """),
    Case("an input that requires grad", """
        x.requires_grad_()
        trunk(x).mean().backward()
    """),
    Case("a boundary", """
        d = trunk(x).detach().requires_grad_()
        head_a(d).sum().backward()
    """),
    Case("the gradient of an input that comes back as it went in", """
        seen = trunk(x).detach()
        seen.requires_grad = True
        torch.autograd.grad(seen, seen, torch.ones_like(seen))
    """),
    Case("a total that starts as a leaf", """
        total = torch.tensor(0.0, requires_grad=True)
        for head in heads:
            total = total + head(trunk(x)).mean()
        total.backward()
    """),
]
FIRING = [
    Case("the flag set in place", """
        loss = trunk(x).argmax(1).float().mean()
        loss.requires_grad_()  # here
        loss.backward()
    """),
    Case("the flag assigned", """
        loss = trunk(x).detach().mean()
        loss.requires_grad = True  # here
        loss.backward()
    """),
    Case("a new tensor", """
        loss = torch.tensor(trunk(x).mean(), requires_grad=True)  # here
        loss.backward()
    """),
    Case("a Variable", """
        from torch.autograd import Variable
        loss = Variable(trunk(x).mean().data, requires_grad=True)  # here
        loss.backward()
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL307", tmp_path)
