"""Walks that need a value which was changed in place."""

from __future__ import annotations

from pathlib import Path

from cases import VERSION, Case, check, in_pytest

SILENT = [
    Case("copies of a network, one on each device, keep their own weights", """
        def train(data, devices):
            for batch in data:
                late = head_a(nn.parallel.data_parallel(trunk, batch, devices)).pow(2).sum()
                opt.zero_grad()
                trunk(batch).sum().backward()
                opt.step()
                late.backward()
    """),
    Case("both walks before the step", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
        opt.step()
    """),
    Case("a forward behind the step", """
        head_a(trunk(x)).sum().backward()
        opt.step()
        head_b(trunk(x)).sum().backward()
    """),
    Case("a first Linear on data does not keep its weight", """
        layer = nn.Linear(4, 1)
        one, two = layer(x).sum(), layer(x).mean()
        own = torch.optim.SGD(layer.parameters(), lr=0.1)
        one.backward()
        own.step()
        two.backward()
    """),
    Case("a step on other weights", """
        z = trunk(x)
        other = torch.optim.SGD(head_a.parameters(), lr=0.1)
        head_a(z.detach()).sum().backward()
        loss = head_b(z).sum()
        other.step()
        loss.backward()
    """),
    Case("a step that has no gradient yet", """
        loss = head_b(trunk(x)).sum()
        opt.step()
        loss.backward()
    """),
    Case("addition keeps nothing", """
        w = torch.randn(3, 4, requires_grad=True)
        h = w + x
        h += 1
        h.sum().backward()
    """),
    Case("a write through .data is not seen", """
        loss = head_a(trunk(x)).sum()
        head_a.weight.data.mul_(2)
        loss.backward()
    """),
]
FIRING = [
    Case("the critic steps first", """
        critic = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
        critic_opt = torch.optim.Adam(critic.parameters())
        critic_loss = critic(torch.randn(3, 8)).pow(2).mean()
        actor_loss = -critic(trunk(x)).mean()
        critic_loss.backward()
        critic_opt.step()
        actor_loss.backward()  # here
    """, VERSION),
    Case("retained over a step", """
        z = trunk(x)
        loss_a, loss_b = head_a(z).sum(), head_b(z).sum()
        loss_a.backward(retain_graph=True)
        opt.step()
        loss_b.backward()  # here
    """, VERSION),
    Case("an activation changed in place", """
        h = torch.tanh(head_a(trunk(x)))
        h += 1
        h.sum().backward()  # here
    """, VERSION),
    Case("weights written under no_grad", """
        loss = head_a(trunk(x)).sum()
        with torch.no_grad():
            head_a.weight.mul_(2)
        loss.backward()  # here
    """, VERSION),
    Case("a detached tensor shares the counter", """
        z = torch.sigmoid(trunk(x))
        z.detach().zero_()
        z.sum().backward()  # here
    """, VERSION),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL103", tmp_path)
