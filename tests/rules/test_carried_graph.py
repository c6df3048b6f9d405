"""Walks back into a freed turn of a loop."""

from __future__ import annotations

from pathlib import Path

from cases import TWICE, Case, check, in_pytest, reported

SILENT = [
    Case("a detached state", """
        cell = nn.GRUCell(4, 8)
        h = torch.zeros(3, 8)
        for _ in range(3):
            h = cell(x, h.detach())
            h.sum().backward()
    """),
    Case("a state of sums keeps nothing", """
        bias = torch.zeros(8, requires_grad=True)
        h = torch.zeros(3, 8)
        for _ in range(3):
            h = h + bias
            h.sum().backward()
    """),
    Case("a logged number", """
        total = 0.0
        for _ in range(3):
            loss = trunk(x).pow(2).mean()
            loss.backward()
            total += loss.item()
    """),
    Case("losses that each turn stores anew, under names that are not known", """
        def train(names, data):
            losses = {}
            for batch in data:
                for i in range(len(names)):
                    losses["part%d" % i] = head_a(trunk(batch)).sum()
                sum(losses[name] for name in losses).backward()
    """),
    Case("a total that is only added up", """
        total = 0.0
        for _ in range(3):
            loss = trunk(x).pow(2).mean()
            loss.backward()
            total = total + loss
        print(float(total) / 3)
    """),
    Case("a total that is walked behind the loop", """
        total = 0.0
        for _ in range(3):
            total = total + trunk(x).pow(2).mean()
        total.backward()
    """),
    Case("what training_step returns is not walked under manual optimisation", """
        import lightning

        class Lit(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.automatic_optimization = False
                self.cell = nn.GRUCell(4, 8)
                self.h = torch.zeros(3, 8)

            def training_step(self, batch, batch_idx):
                self.h = self.cell(batch, self.h)
                return self.h.pow(2).mean()
    """, runs=False),
    Case("a graph made before the loop over heads is no earlier turn", """
        z = trunk(x)
        for head in heads:
            head(z).sum().backward()
    """, TWICE),
]
FIRING = [
    Case("a hidden state", """
        cell = nn.GRUCell(4, 8)
        h = torch.zeros(3, 8)
        for _ in range(3):
            h = cell(x, h)
            h.pow(2).sum().backward()  # here
    """, TWICE),
    Case("a growing total", """
        total = 0.0
        for _ in range(3):
            total = total + trunk(x).pow(2).mean()
            total.backward()  # here
    """, TWICE),
    Case("a list of past outputs", """
        past = []
        for _ in range(3):
            past.append(trunk(x))
            torch.stack(past).pow(2).mean().backward()  # here
    """, TWICE),
    Case("a state in an attribute", """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.cell = nn.GRUCell(4, 8)
                self.h = torch.zeros(3, 8)

            def forward(self, x):
                self.h = self.cell(x, self.h)
                return self.h

        net = Net()
        for _ in range(3):
            net(x).pow(2).mean().backward()  # here
    """, TWICE),
    Case("a method that somebody calls again and again", """
        class Trainer:
            def __init__(self):
                self.cell = nn.GRUCell(4, 8)
                self.h = torch.zeros(3, 8)

            def train_step(self, batch):
                self.h = self.cell(batch, self.h)
                loss = self.h.pow(2).mean()
                loss.backward()  # here, likely
    """),
    Case("what training_step returns is walked by Lightning", """
        import lightning

        class Lit(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.cell = nn.GRUCell(4, 8)
                self.h = torch.zeros(3, 8)

            def training_step(self, batch, batch_idx):
                self.h = self.cell(batch, self.h)
                return self.h.pow(2).mean()  # here, likely

            def configure_optimizers(self):
                return torch.optim.Adam(self.parameters())
    """, runs=False),
    Case("what compute_loss returns is walked by transformers", """
        import transformers

        class Smoothed(transformers.Trainer):
            running = None

            def compute_loss(self, model, inputs, return_outputs=False):
                loss = F.mse_loss(model(inputs["x"]), inputs["y"])
                self.running = loss if self.running is None else 0.9 * self.running + 0.1 * loss
                return self.running  # here, likely
    """, runs=False),
]
CASES = SILENT + FIRING


def test_what_is_carried_is_no_second_backward() -> None:
    """One error, one code."""
    assert all(not reported(case, "MHL101") for case in FIRING)


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL102", tmp_path)
