"""Boundaries that live too long."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("a boundary for each step", """
        for _ in range(3):
            z = trunk(x)
            d = z.detach().requires_grad_()
            head_a(d).sum().backward()
            z.backward(gradient=d.grad)
            opt.step()
    """),
    Case("cleared in each step", """
        d = torch.zeros(3, 8, requires_grad=True)
        for _ in range(3):
            z = trunk(x)
            with torch.no_grad():
                d.copy_(z)
            d.grad = None
            head_a(d).sum().backward()
            z.backward(gradient=d.grad)
            opt.step()
    """),
    Case("one gradient for two trunks", """
        y, z = trunk(x), trunk(x + 1)
        d = (y + z).detach().requires_grad_()
        head_a(d).sum().backward()
        y.backward(gradient=d.grad)
        z.backward(gradient=d.grad)
    """),
]
FIRING = [
    Case("one for all steps", """
        d = torch.zeros(3, 8, requires_grad=True)
        for _ in range(3):
            opt.zero_grad()
            z = trunk(x)
            with torch.no_grad():
                d.copy_(z)
            head_a(d).sum().backward()
            z.backward(gradient=d.grad)  # here
            opt.step()
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL303", tmp_path)
