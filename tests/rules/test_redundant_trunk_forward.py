"""Forwards that repeat an earlier one."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest

SILENT = [
    Case("another input", """
        head_a(trunk(x)).sum().backward()
        head_b(trunk(x + 1)).sum().backward()
    """),
    Case("frozen for the first forward", """
class Model:
    def __init__(self):
        layers = [nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)]
        self.judge = nn.DataParallel(nn.Sequential(*layers))
        self.maker = nn.DataParallel(nn.Sequential(nn.Linear(3, 3), nn.Tanh()))

    def feed(self, data):
        self.low, self.ref = data["low"], data["ref"]

    def step(self):
        for p in self.judge.parameters():
            p.requires_grad = False
        made = self.maker(self.low)
        told = self.judge(made)
        real = self.judge(self.ref).detach()
        (told - real.mean()).pow(2).mean().backward()
        for p in self.judge.parameters():
            p.requires_grad = True
        (self.judge(self.ref) - self.judge(made.detach()).mean()).pow(2).mean().backward()
    """, runs=False),
    Case("another head of one module in each turn", """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.parts = nn.ModuleDict({"a": nn.Linear(4, 1), "b": nn.Linear(4, 1)})

            def forward(self, batch, name):
                return self.parts[name](batch)

        net = Net()
        for name in ("a", "b"):
            net(x, name).pow(2).mean().backward()
    """),
    Case("products with a Hessian in turn", """
        parameters = list(trunk.parameters())
        vector = [torch.ones_like(p) for p in parameters]
        for _ in range(3):
            loss = trunk(x).pow(2).mean()
            slopes = torch.autograd.grad(loss, parameters, create_graph=True)
            vector = torch.autograd.grad(sum((s * v).sum() for s, v in zip(slopes, vector)), parameters)
    """),
    Case("the next batch in each turn", """
        def train(source):
            batches = iter(source)
            for head in heads:
                head(trunk(next(batches))).sum().backward()
    """),
    Case("a sample in each turn", """
        def train(source):
            for head in heads:
                batch = source.sample()
                head(trunk(batch)).sum().backward()
    """),
    Case("other rows in each turn", """
        def train(source):
            for head in heads:
                head(trunk(source[torch.randint(9, (3,))])).sum().backward()
    """),
    Case("another batch in each turn", """
        def train(source):
            for index, head in enumerate(heads):
                head(trunk(source[index])).sum().backward()
    """),
    Case("one batch for each head", """
        def train(source):
            for head, batch in zip(heads, source):
                head(trunk(batch)).sum().backward()
    """),
    Case("data that is moved on by an attack", """
        def train(source):
            for batch in source:
                for head in heads:
                    batch = batch + 0.1
                    head(trunk(batch)).sum().backward()
    """),
    Case("data that unseen code may fill anew", """
        def train(data, reader):
            for head in heads:
                reader.read(data)
                head(trunk(data)).sum().backward()
    """),
    Case("a step in between", """
        head_a(trunk(x)).sum().backward()
        opt.step()
        head_b(trunk(x)).sum().backward()
    """),
    Case("a step that was not seen", """
        def train(trainer):
            head_a(trunk(x)).sum().backward()
            trainer.finish()
            head_b(trunk(x)).sum().backward()
    """),
    Case("weights perturbed by hand", """
        head_a(trunk(x)).sum().backward()
        with torch.no_grad():
            for p in trunk.parameters():
                p.add_(p.grad)
        head_b(trunk(x)).sum().backward()
    """),
    Case("the first one without gradients", """
        with torch.no_grad():
            target = trunk(x)
        (trunk(x) - target).pow(2).mean().backward()
    """),
    Case("dropout draws anew", """
        net = nn.Sequential(trunk, nn.Dropout(0.5))
        head_a(net(x)).sum().backward()
        head_b(net(x)).sum().backward()
    """),
    Case("another mode", """
        net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8))
        net(x).sum().backward()
        net.eval()
        net(x).sum().backward()
    """),
    Case("an input changed in place", """
        head_a(trunk(x)).sum().backward()
        x.add_(1)
        head_b(trunk(x)).sum().backward()
    """),
    Case("the second result only looked at", """
        head_a(trunk(x)).sum().backward()
        print(trunk(x).sum().item())
    """),
    Case("a state from call to call", """
        class Spiking(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer, self.state = nn.Linear(4, 8), 0.0

            def forward(self, x):
                self.state = 0.5 * self.state + self.layer(x)
                return torch.tanh(self.state)

        net, total = Spiking(), 0.0
        for _ in range(3):
            total = total + net(x)
        total.sum().backward()
    """),
    Case("a mode that picks another part", """
        class Pair(nn.Module):
            def __init__(self):
                super().__init__()
                self.a, self.b = nn.Linear(4, 8), nn.Linear(4, 8)

            def forward(self, x, mode):
                return self.a(x) if mode == "a" else self.b(x)

        pair = Pair()
        pair(x, mode="a").sum().backward()
        pair(x, mode="b").sum().backward()
    """),
    Case("needed after the step of the first turn", """
        values = trunk(x).detach()
        for _ in range(3):
            opt.zero_grad()
            (trunk(x) - values).pow(2).mean().backward()
            opt.step()
    """),
]
FIRING = [
    Case("once per loss", """
        head_a(trunk(x)).sum().backward()
        head_b(trunk(x)).sum().backward()  # here
    """),
    Case("a batch of a loader for each head", """
        def train(source):
            for batch, target in source:
                opt.zero_grad()
                for head in heads:
                    z = trunk(batch)  # here
                    (head(z) - target).pow(2).mean().backward()
                opt.step()
    """),
    Case("a part of a batch for each head", """
        def train(source):
            for batch in source:
                for name, head in enumerate(heads):
                    z = trunk(batch["x"])  # here
                    (head(z) - batch["y"][name]).pow(2).mean().backward()
                opt.step()
    """),
    Case("in the loop over heads", """
        for head in heads:
            z = trunk(x)  # here
            head(z).sum().backward()
    """),
    Case("once for each of two networks", """
        fake = trunk(x)
        critic_opt = torch.optim.SGD(head_a.parameters(), lr=0.1)
        head_a(fake.detach()).mean().backward()
        critic_opt.step()
        fake = trunk(x)  # here
        (-head_a(fake)).mean().backward()
    """),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL202", tmp_path)
