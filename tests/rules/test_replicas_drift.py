"""Walks that are not averaged over replicas. Nothing is run: that needs several processes."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest, reported

SILENT = [
    Case("the sum", """
        wrapped = nn.parallel.DistributedDataParallel(trunk)
        z = wrapped(x)
        (head_a(z).sum() + head_b(z).sum()).backward()
    """, runs=False),
    Case("detach-reinject", """
        wrapped = nn.parallel.DistributedDataParallel(trunk)
        z = wrapped(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
        z.backward(gradient=d.grad)
    """, runs=False),
    Case("forward, walk, forward, walk", """
        wrapped = nn.parallel.DistributedDataParallel(trunk)
        for _ in range(2):
            head_a(wrapped(x)).sum().backward()
            head_b(wrapped(x + 1)).sum().backward()
    """, runs=False),
    Case("two forwards, one walk", """
        wrapped = nn.parallel.DistributedDataParallel(trunk)
        (head_a(wrapped(x)).sum() + head_b(wrapped(x + 1)).sum()).backward()
    """, runs=False),
    Case("not wrapped", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
    """),
]
FIRING = [
    Case("two walks of one forward", """
        wrapped = nn.parallel.DistributedDataParallel(trunk)
        z = wrapped(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()  # here
    """, runs=False),
    Case("two forwards, then two walks", """
        wrapped = nn.parallel.DistributedDataParallel(trunk)
        one, two = wrapped(x), wrapped(x + 1)
        head_a(one).sum().backward()
        head_b(two).sum().backward()  # here
    """, runs=False),
]
CASES = SILENT + FIRING


def test_it_is_told_once() -> None:
    """Drift is what counts, not the time that the extra walk costs."""
    assert all(not reported(case, code) for case in FIRING for code in ("MHL105", "MHL201"))


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL308", tmp_path)
