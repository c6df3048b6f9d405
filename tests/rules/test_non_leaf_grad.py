"""Gradients that are read where none is kept."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("retained", """
        z = trunk(x)
        z.retain_grad()
        z.sum().backward()
        print(z.grad)
    """),
    Case("of a leaf", """
        w = torch.zeros(3, requires_grad=True)
        w.sum().backward()
        print(w.grad, trunk[0].weight.grad)
    """),
    Case("of a boundary", """
        d = trunk(x).detach().requires_grad_()
        head_a(d).sum().backward()
        print(d.grad)
    """),
    Case("of data", """
        trunk(x).sum().backward()
        print(x.grad)
    """),
    Case("of what was not seen", """
        def show(thing):
            trunk(x).sum().backward()
            return thing.grad
    """),
]
FIRING = [
    Case("of a result", """
        z = trunk(x)
        z.sum().backward()
        print(z.grad)  # here
    """),
    Case("of a scaled leaf", """
        w = torch.zeros(3, requires_grad=True) * 1
        w.sum().backward()
        print(w.grad)  # here
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL304", tmp_path)
