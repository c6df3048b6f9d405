"""Walks from many elements with no gradient to start from."""

from __future__ import annotations

from pathlib import Path

from cases import NO_GRAPH, NON_SCALAR, Case, check, in_pytest

SILENT = [
    Case("no optional part was added", """
        def step(use_a, use_b):
            loss = torch.zeros(())
            if use_a:
                loss = loss + head_a(trunk(x)).mean()
            if use_b:
                loss = loss + head_b(trunk(x)).mean()
            loss.backward()
    """),
    Case("gradients on in the phase that walks", """
        def step(phase, learn):
            with torch.set_grad_enabled(phase == "train"):
                loss = head_a(trunk(x)).mean()
            if learn:
                loss.backward()
    """),
    Case("no item was valid", """
        def step(valid):
            loss = torch.tensor(0.0)
            for row, good in zip(x, valid):
                if good:
                    loss = loss + head_a(trunk(row)).mean()
            loss.backward()
    """),
    Case("the detach-reinject step", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        for head in heads:
            head(d).sum().backward()
        z.backward(gradient=d.grad)
    """),
    Case("a gradient of ones", """
        z = trunk(x)
        z.backward(torch.ones_like(z))
    """),
    Case("one element", """
        loss = trunk(x).mean()
        loss.backward(None)
    """),
    Case("the mean of one image", """
        out = nn.Conv2d(3, 1, 3)(torch.randn(1, 3, 8, 8))
        out.mean(dim=(1, 2, 3)).backward()
    """),
    Case("of unknown shape", """
        def step(z):
            (head_a(z) * 2).backward()
    """),
    Case("data that may require grad", """
        def step(image):
            (image * 2).sum().backward()
    """),
    Case("a new head on a frozen body that is not seen", """
        import torchvision

        net = torchvision.models.resnet18()
        for p in net.parameters():
            p.requires_grad = False
        net.fc = nn.Linear(net.fc.in_features, 2)
        net(torch.randn(2, 3, 32, 32)).mean().backward()
    """, runs=False),
    Case("a list that other methods fill", """
        class Agent:
            def __init__(self):
                self.log_probs = []

            def act(self, state):
                self.log_probs.append(trunk(state).mean())

            def learn(self):
                loss = []
                for value in self.log_probs:
                    loss.append(-value)
                torch.stack(loss).sum().backward()
    """),
    Case("a list of the module's that other functions fill", """
        memory = []

        def remember(state):
            memory.append(trunk(state).mean())

        def learn():
            loss = torch.zeros(())
            for value in memory:
                loss = loss - value
            loss.backward()
    """),
    Case("frozen, and given to what is not seen", """
        import adapters

        trunk.requires_grad_(False)
        adapters.inject(trunk)
        trunk(x).mean().backward()
    """, runs=False),
    Case("frozen after the forward", """
        loss = trunk(x).mean()
        trunk.requires_grad_(False)
        loss.backward()
    """),
]
FIRING = [
    Case("the boundary does not require grad", """
        z = trunk(x)
        d = z.detach()
        head_a(d).sum().backward()
        z.backward(gradient=d.grad)  # here
    """, NON_SCALAR),
    Case("before any head", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        z.backward(gradient=d.grad)  # here
        head_a(d).sum().backward()
    """, NON_SCALAR),
    Case("cleared before it is sent", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        d.grad = None
        z.backward(gradient=d.grad)  # here
    """, NON_SCALAR),
    Case("the gradient of the trunk itself", """
        z = trunk(x)
        d = z.detach().requires_grad_()
        head_a(d).sum().backward()
        z.backward(gradient=z.grad)  # here
    """, NON_SCALAR),
    Case("a loss of data", """
        loss = (x * 2).mean()
        loss.backward()  # here
    """, NO_GRAPH),
    Case("forward without gradients", """
        with torch.no_grad():
            loss = trunk(x).mean()
        loss.backward()  # here
    """, NO_GRAPH),
    Case("a gradient towards data", """
        z = trunk(x)
        torch.autograd.grad(z.sum(), x)  # here
    """, NO_GRAPH),
    Case("a loss for each row", """
        z = trunk(torch.randn(3, 4))
        loss = F.mse_loss(z, torch.zeros(3, 8), reduction="none")
        loss.backward()  # here
    """, NON_SCALAR),
    Case("a loss for each row of a batch", """
        rows = torch.zeros(9, 8)[torch.arange(len(x))]
        loss = F.mse_loss(trunk(x), rows, reduction="none")
        loss.backward()  # here, likely
    """, NON_SCALAR),
    Case("means of images", """
        out = nn.Conv2d(3, 1, 3)(torch.randn(2, 3, 8, 8))
        out.mean(dim=(1, 2, 3)).backward()  # here
    """, NON_SCALAR),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL104", tmp_path)
