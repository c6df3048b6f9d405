"""Gradients that are sent through the trunk more than once."""

from __future__ import annotations

from pathlib import Path

from cases import TWICE, Case, check, in_pytest, reported

SILENT = [
    Case("behind the loop", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
        z.backward(gradient=d.grad)
    """),
    Case("a boundary for each head", """
        for head in heads:
            z = trunk(x)
            d = z.detach().requires_grad_()
            head(d).sum().backward()
            z.backward(gradient=d.grad)
    """),
    Case("cleared after each", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
            z.backward(gradient=d.grad, retain_graph=True)
            d.grad = None
    """),
    Case("two trunks, two boundaries", """
        y, z = trunk(x), trunk(x)
        c, d = y.detach().requires_grad_(), z.detach().requires_grad_()
        head_a(c + d).sum().backward()
        y.backward(gradient=c.grad)
        z.backward(gradient=d.grad)
    """),
]
FIRING = [
    Case("retained", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
            z.backward(gradient=d.grad, retain_graph=True)  # here
    """),
    Case("not retained", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
            z.backward(gradient=d.grad)  # here
    """, TWICE),
    Case("after each of two heads", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        z.backward(gradient=d.grad, retain_graph=True)
        head_b(d).sum().backward()
        z.backward(gradient=d.grad)  # here
    """),
]
CASES = SILENT + FIRING


def test_it_is_told_once() -> None:
    """Neither as a second backward nor as a redundant one."""
    assert all(not reported(case, code) for case in FIRING for code in ("MHL101", "MHL201"))


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL302", tmp_path)
