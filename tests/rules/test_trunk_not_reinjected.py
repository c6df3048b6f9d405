"""Boundaries whose gradient reaches no trunk."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("sent on", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        z.backward(gradient=d.grad)
        opt.step()
    """),
    Case("sent on as a product", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        (z * d.grad).sum().backward()
        opt.step()
    """),
    Case("a trunk that is not to train", """
        own = torch.optim.SGD(head_a.parameters(), lr=0.1)
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        own.step()
    """),
    Case("a frozen trunk", """
        trunk.requires_grad_(False)
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        opt.step()
    """),
    Case("a plain detach", """
        z = trunk(x)
        head_a(z.detach()).sum().backward()
        opt.step()
    """),
    Case("a penalty on the input", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        (g,) = torch.autograd.grad(head_a(d).sum(), d, create_graph=True)
        (head_a(d).sum() + g.pow(2).sum()).backward()
        opt.step()
    """),
    Case("trained by another forward", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        head_b(trunk(x)).sum().backward()
        opt.step()
    """),
    Case("the gradient is read", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        attack = d + d.grad.sign()
        opt.step()
    """),
]
FIRING = [
    Case("forgotten", """
        z = trunk(x)
        d = z.detach().requires_grad_()  # here
        for head in heads:
            head(d).sum().backward()
        opt.step()
    """),
    Case("by way of .data", """
        z = trunk(x)
        d = z.data.requires_grad_()  # here
        head_a(d).sum().backward()
        opt.step()
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL301", tmp_path)
