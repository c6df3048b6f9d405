"""Changes that the version counter does not see."""

from __future__ import annotations

from pathlib import Path

from cases import VERSION, Case, check, in_pytest

SILENT = [
    Case("a default optimizer raises instead", """
        first, second = head_a(trunk(x)).mean(), head_a(trunk(x)).sum()
        first.backward()
        opt.step()
        second.backward()
    """, VERSION),
    Case("a forward behind the fused step", """
        fused = torch.optim.SGD(trunk.parameters(), lr=0.1, fused=True)
        for _ in range(2):
            trunk(x).mean().backward()
            fused.step()
    """),
    Case("clamped behind the walk", """
        for _ in range(2):
            head_a(trunk(x)).mean().backward()
            for p in head_a.parameters():
                p.data.clamp_(-1, 1)
    """),
    Case("a bias is not kept", """
        loss = head_a(trunk(x)).mean()
        head_a.bias.data.zero_()
        loss.backward()
    """),
]
FIRING = [
    Case("a fused step", """
        fused = torch.optim.SGD(trunk.parameters(), lr=0.1, fused=True)
        first, second = trunk(x).mean(), trunk(x).sum()
        first.backward()
        fused.step()
        second.backward()  # here
    """),
    Case("clamped before the walk", """
        loss = head_a(trunk(x)).mean()
        head_a.weight.data.clamp_(-1, 1)
        loss.backward()  # here
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL306", tmp_path)
