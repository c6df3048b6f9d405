"""Layers that are given a tensor for a setting."""

from __future__ import annotations

from pathlib import Path

from cases import Case, check, in_pytest, reported

SILENT = [
    Case("a layer that is called", """
        nn.ReLU()(trunk(x)).sum().backward()
    """),
    Case("settings", """
        nn.Sequential(nn.Linear(4, 4), nn.LeakyReLU(0.2), nn.Flatten(1))(x).sum().backward()
    """),
    Case("a parameter is made of a tensor", """
        w = nn.Parameter(torch.zeros(4))
        (x * w).sum().backward()
    """),
    Case("a wrapper takes a module that was loaded", """
        def resume(path):
            net = torch.load(path)
            return nn.DataParallel(net, dim=1)

        trunk(x).sum().backward()
    """),
    Case("a width is computed from what is not seen", """
        def swap(net, given):
            net.train()
            old = net.block(given)
            qkv = nn.Linear(old.width, old.width * 3)
            qkv(given).sum().backward()

        trunk(x).sum().backward()
    """),
    Case("a loss class takes the weights of the classes", """
        weights = torch.linspace(1.0, 2.0, 8)
        nn.CrossEntropyLoss(weights)(trunk(x), torch.zeros(x.shape[0], dtype=torch.long)).backward()
        nn.BCEWithLogitsLoss(torch.ones(8))(trunk(x), torch.ones(x.shape[0], 8)).backward()
    """),
]
FIRING = [
    Case("an activation", """
        z = trunk(x)
        z.sum().backward()
        y = nn.ReLU(z)  # here
    """),
    Case("in a forward", """
        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = nn.Linear(4, 2)

            def forward(self, x):
                h = self.layer(x)
                self.last = nn.Flatten(h)  # here
                return h

        Net()(x).sum().backward()
    """),
]
CASES = SILENT + FIRING


def test_the_function_is_named() -> None:
    (finding,) = reported(FIRING[0], "MHL401")
    assert "F.relu(x)" in finding.advice


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL401", tmp_path)
