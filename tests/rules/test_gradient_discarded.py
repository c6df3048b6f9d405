"""Gradients that no step uses."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("cleared before the walk", """
        opt.zero_grad()
        head_a(trunk(x)).sum().backward()
        opt.step()
    """),
    Case("a part of an unseen network is left as it is", """
from unseen import Network

net = Network()
kept = []
for name, p in net.named_parameters():
    if p.requires_grad:
        kept.append(p)
own = torch.optim.SGD(kept, lr=0.1)
own.zero_grad()
net(x).pow(2).mean().backward()
for name, p in net.named_parameters():
    if "last" in name:
        p.grad = None
own.step()
    """, runs=False),
    Case("cleared behind the step", """
        for _ in range(2):
            head_a(trunk(x)).sum().backward()
            opt.step()
            opt.zero_grad()
    """),
    Case("what the other loss has left", """
        own = torch.optim.SGD(head_b.parameters(), lr=0.1)
        for _ in range(2):
            own.zero_grad()
            head_b(trunk(x).detach()).sum().backward()
            own.step()
            opt.zero_grad()
            head_b(trunk(x)).sum().backward()
            opt.step()
    """),
    Case("one layer only", """
        head_a(trunk(x)).sum().backward()
        head_a.zero_grad()
        opt.step()
    """),
    Case("used by another step first", """
        other = torch.optim.Adam(trunk.parameters())
        own = torch.optim.SGD(trunk.parameters(), lr=0.1)
        trunk(x).sum().backward()
        other.step()
        own.zero_grad()
        own.step()
    """),
    Case("kept by hand", """
        trunk(x).sum().backward()
        kept = [p.grad.clone() for p in trunk.parameters()]
        opt.zero_grad()
        for p, g in zip(trunk.parameters(), kept):
            p.grad = g
        opt.step()
    """),
    Case("set by hand to what another walk gave", """
        weights = torch.zeros(2, requires_grad=True)
        own = torch.optim.Adam([weights])
        for _ in range(2):
            (weights.softmax(-1) * trunk(x).sum()).sum().backward()
            found = torch.autograd.grad(weights.softmax(-1), weights, grad_outputs=torch.ones(2))[0]
            own.zero_grad()
            weights.grad = found
            own.step()
    """),
    Case("an accumulation", """
        for i in range(4):
            trunk(x).sum().backward()
            if i % 2:
                opt.step()
                opt.zero_grad()
    """),
]
FIRING = [
    Case("between walk and step", """
        head_a(trunk(x)).sum().backward()
        opt.zero_grad()  # here
        opt.step()
    """),
    Case("clipped when there is none left", """
        head_a(trunk(x)).sum().backward()
        opt.zero_grad()  # here
        torch.nn.utils.clip_grad_norm_(trunk.parameters(), 1.0)
        opt.step()
    """),
    Case("at the head of the next turn", """
        own = torch.optim.SGD(trunk.parameters(), lr=0.1)
        for _ in range(3):
            own.zero_grad()  # here
            own.step()
            trunk(x).sum().backward()
    """),
    Case("by way of the module", """
        own = torch.optim.SGD(trunk.parameters(), lr=0.1)
        trunk(x).sum().backward()
        trunk.zero_grad()  # here
        own.step()
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL305", tmp_path)
