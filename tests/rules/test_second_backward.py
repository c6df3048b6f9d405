"""Second walks over what an earlier walk of the same step has freed."""

from __future__ import annotations

from pathlib import Path

from cases import TWICE, Case, check, in_pytest

SILENT = [
    Case("two walks over what a module of transforms gives", """
        import torchvision.transforms as transforms
        from somewhere import make_crops

        class Augment(nn.Module):
            def __init__(self):
                super().__init__()
                self.crop = transforms.RandomCrop(4, padding=2)
                self.turn = transforms.RandomRotation(10)

            def forward(self, batch):
                for part in self.children():
                    batch = part(batch)
                return batch

        class Crops(nn.Module):
            def __init__(self):
                super().__init__()
                self.augment = make_crops()

            def forward(self, batch):
                return self.augment(batch)

        for part in (Augment(), Crops()):
            batch = part(x)
            head_a(trunk(batch)).sum().backward()
            head_b(trunk(batch)).sum().backward()
    """, runs=False),
    Case("one walk of the sum", """
        z = trunk(x)
        (head_a(z).sum() + head_b(z).sum()).backward()
    """),
    Case("retained", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
    """),
    Case("a forward for each loss", """
        head_a(trunk(x)).sum().backward()
        head_b(trunk(x)).sum().backward()
    """),
    Case("a trunk that keeps nothing", """
        w = torch.randn(3, 4, requires_grad=True)
        z = (w + x).view(12)
        z.sum().backward()
        z.mean().backward()
    """),
    Case("a frozen trunk", """
        trunk.requires_grad_(False)
        z = trunk(x)
        head_a(z).pow(2).mean().backward()
        head_b(z).pow(2).mean().backward()
    """),
    Case("detached for the second loss", """
        z = trunk(x)
        head_a(z.detach()).sum().backward()
        head_b(z).sum().backward()
    """),
    Case("a fit with loops of its own is called once", """
class Trainer:
    def __init__(self):
        self.weight = torch.randn(4, requires_grad=True)
        self.prior = self.weight.exp().sum()

    def fit(self, data):
        self.prior.backward()
        for batch in data:
            trunk(batch).pow(2).mean().backward()
    """, runs=False),
    Case("a method of an unseen base may replace what it shares", """
from somewhere import Base

class Trainer(Base):
    def step(self, batch):
        self.loss = head_a(trunk(batch)).sum()
        self.loss.backward()
        self.compute_losses(batch)
        self.loss.backward()
    """, runs=False),
    Case("a method that a derived class defines may replace what it shares", """
class Trainer:
    def compute_losses(self, batch):
        "Sets the loss."
        raise NotImplementedError("to be defined")

    def step(self, batch):
        self.loss = head_a(trunk(batch)).sum()
        self.loss.backward()
        self.compute_losses(batch)
        self.loss.backward()
    """),
    Case("autograd.grad down to z frees the head alone", """
        z = trunk(x)
        torch.autograd.grad(head_a(z).pow(2).sum(), z)
        head_b(z).pow(2).sum().backward()
    """),
    Case("shared leaves are not shared graph", """
        w = torch.randn(4, requires_grad=True)
        (w * 2).sum().backward()
        (w * 3).sum().backward()
    """),
    Case("an awaited error", """
        z = trunk(x)
        head_a(z).sum().backward()
        try:
            head_b(z).sum().backward()
        except RuntimeError:
            pass
    """),
]
FIRING = [
    Case("two losses", """
        z = trunk(x)
        head_a(z).sum().backward()
        head_b(z).sum().backward()  # here
    """, TWICE),
    Case("a loop over heads", """
        z = trunk(x)
        for head in heads:
            head(z).sum().backward()  # here
    """, TWICE),
    Case("the retained walk comes second", """
        z = trunk(x)
        head_a(z).sum().backward()
        head_b(z).sum().backward(retain_graph=True)  # here
    """, TWICE),
    Case("the third of three", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
        head_c(z).sum().backward()  # here
    """, TWICE),
    Case("parts of one output", """
        left, right = trunk(x).chunk(2, dim=1)
        left.sum().backward()
        right.sum().backward()  # here
    """, TWICE),
    Case("a product with a number keeps", """
        loss = head_a(x.new_ones(3, 8).requires_grad_()).sum() * 2
        loss.backward()
        loss.backward()  # here
    """, TWICE),
    Case("a generator trained by the discriminator", """
        fake = trunk(x)
        d_loss = head_a(fake).mean()
        d_loss.backward()
        g_loss = -head_a(fake).mean()
        g_loss.backward()  # here
    """, TWICE),
    Case("a model that was not seen", """
        z = model(x)
        model.train()
        head_a(z).pow(2).sum().backward()
        head_b(z).pow(2).sum().backward()  # here, likely
    """, runs=False),
]
_OPTIONS = "".join(f"    if options.o{i}: opt.zero_grad()\n" for i in range(60))
FIRING += [
    Case("on the side of a late option that is not taken at first", f"""
def train(options):
    z = trunk(x)
{_OPTIONS}
    if options.plain:
        opt.zero_grad()
    else:
        head_a(z).sum().backward()
        head_b(z).sum().backward()  # here
"""),
    Case("behind a question that was asked before", f"""
def head_of(options):
    if options.kind == "none":
        head = None
    else:
        head = head_b
    return head


def train(options):
{_OPTIONS}
    head = head_of(options)
    z = trunk(x)
    if options.kind == "none":
        return
    head_a(z).sum().backward()
    head(z).sum().backward()  # here
"""),
]
FIRING += [
    Case("a loss that a derived class defines", """
class Trainer:
    def loss_of(self, out):
        raise NotImplementedError

    def step(self, batch):
        loss = self.loss_of(head_a(trunk(batch)))
        loss.backward()
        loss.backward()  # here, likely
""", runs=False),
    Case("a method of an unseen base that only writes a log", """
from somewhere import Base

class Trainer(Base):
    def step(self, batch):
        self.loss = head_a(trunk(batch)).sum()
        self.loss.backward()
        self.log_losses(batch)
        self.loss.backward()  # here
    """, runs=False),
    Case("behind a check that most choices fail", f"""
def is_there(options):
    if options.there:
        return True
    return False


def train(options):
{_OPTIONS}
    found = is_there(options)
    if not found:
        raise ValueError(options)
    z = trunk(x)
    head_a(z).sum().backward()
    head_b(z).sum().backward()  # here
"""),
    Case("behind a name that one of many options binds", f"""
def train(options):
{_OPTIONS}
    if options.skip:
        opt.zero_grad()
    else:
        best = trunk(x)
{_OPTIONS}
    z = best + 1
    head_a(z).sum().backward()
    head_b(z).sum().backward()  # here
"""),
]
CASES = SILENT + FIRING


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL101", tmp_path)
