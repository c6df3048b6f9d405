"""Graphs that are retained and never walked again."""

from __future__ import annotations

import textwrap
from pathlib import Path

from cases import TWICE, VERSION, Case, check, in_pytest, reported

from mhlint.analyse import Request, analyse
from mhlint.findings import Confidence
from mhlint.source import Source


def _options() -> str:
    """Statements that hang on more options than there are paths to be run."""
    return "".join(f"if options.o{i}: opt.zero_grad()\n" for i in range(60))


def _method(before: str, after: str, name: str) -> Case:
    """A function that walks between two parts, with many options around the walk."""
    rows = [*before.splitlines(), *_options().splitlines(), *after.splitlines()]
    return Case(name, "def train(options):\n" + "".join(f"    {row}\n" for row in rows))


SILENT = [
    Case("no retain", """
        head_a(trunk(x)).sum().backward()
    """),
    Case("walked again", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
    """),
    Case("walked again on one path", """
        def train(extra):
            z = trunk(x)
            head_a(z).sum().backward(retain_graph=True)
            if extra:
                head_b(z).sum().backward()
    """),
    Case("walked again in the next turn", """
        z = trunk(x)
        for head in heads:
            opt.zero_grad()
            head(z).sum().backward(retain_graph=True)
    """),
    Case("a flag that is set where it is needed", """
        z = trunk(x)
        for i, head in enumerate(heads):
            head(z).sum().backward(retain_graph=i < 2)
    """),
    Case("a carried state", """
        cell = nn.GRUCell(4, 8)
        h = torch.zeros(3, 8)
        for _ in range(3):
            h = cell(x, h)
            h.sum().backward(retain_graph=True)
    """),
    Case("walked by autograd.grad", """
        loss = head_a(trunk(x)).sum()
        loss.backward(retain_graph=True)
        torch.autograd.grad(loss, trunk.parameters())
    """),
    Case("walked again behind a walk that raises", """
        z, stale = trunk(x), trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        opt.step()
        stale.sum().backward()
        head_b(z).sum().backward()
    """, VERSION),
    Case("handed to what is not seen", """
        def train(finish):
            loss = head_a(trunk(x)).sum()
            loss.backward(retain_graph=True)
            finish(loss)
    """),
    Case("handed back", """
        def train():
            loss = head_a(trunk(x)).sum()
            loss.backward(retain_graph=True)
            return loss
    """),
    Case("handed back, and walked by the caller", """
        def compute():
            z = trunk(x)
            head_a(z).sum().backward(retain_graph=True)
            return z

        head_b(compute()).sum().backward()
    """),
    Case("a loss that comes from outside", """
        def walk(loss):
            loss.backward(retain_graph=True)
    """),
    Case("a second derivative", """
        loss = head_a(trunk(x)).pow(3).sum()
        loss.backward(retain_graph=True, create_graph=True)
    """),
    Case("an error ends the path before it can tell", """
        z = trunk(x)
        fake = head_a(trunk(x))
        head_b(z).sum().backward(retain_graph=True)
        fake.sum().backward()
        fake.sum().backward()
        head_b(z).mean().backward()
    """, TWICE),
]
SILENT += [
    _method("loss = head_a(trunk(x)).sum()\nloss.backward(retain_graph=True)",
            "if options.once:\n    opt.step()\nelse:\n    loss.backward()", "walked again on a path that is not run"),
    _method("z = trunk(x)\nloss = head_a(z).sum()\nloss.backward(retain_graph=True)",
            "for head in heads:\n    z = z * 2\nz.sum().backward()", "what it kept is read behind many options"),
    _method("", "z = trunk(x)\nif options.plain:\n    more = torch.zeros(1)\nelse:\n    more = head_b(z).sum()\n"
            "head_a(z).sum().backward(retain_graph=True)\n(more + trunk(x).sum()).backward()",
            "what is read behind it has a graph on a path that is not run"),
    Case("two heads on what an unseen call gives", """
        from backbones import encode

        def train(data):
            for batch in data:
                features = encode(batch)
                head_a(features).pow(2).sum().backward(retain_graph=True)
                head_b(features).pow(2).sum().backward()
    """, runs=False),
    Case("parts of what an unseen network gives", """
        def slopes(network, source):
            inputs = source.clone().requires_grad_()
            scores = network(inputs).sum(dim=-1)
            return [torch.autograd.grad(scores[i], inputs, retain_graph=True)[0] for i in range(source.size(0))]
    """),
    Case("parts of what an unseen network gives, one after the other", """
        def slopes(network, source):
            inputs = source.clone().requires_grad_()
            scores = network(inputs).sum(dim=-1)
            found = []
            for i in range(source.size(0)):
                slope = torch.autograd.grad([scores[i]], [inputs], retain_graph=True)[0].abs()
                found.append(slope / slope.sum())
            return torch.stack(found)
    """),
    Case("what another method has computed", """
        class Model:
            def __init__(self):
                self.trunk, self.a, self.b = trunk, head_a, head_b

            def forward(self, batch):
                self.z = self.trunk(batch)

            def walk(self):
                self.a(self.z).sum().backward(retain_graph=True)
    """),
    Case("a loss that is handed back before the step", """
        def train():
            loss = head_a(trunk(x)).sum()
            opt.zero_grad()
            loss.backward(retain_graph=True)
            return loss
    """),
    Case("a part of the graph that is handed back and was not stepped on", """
        def train():
            z = x * torch.ones(4, requires_grad=True).exp()
            loss = head_a(trunk(z)).sum()
            loss.backward(retain_graph=True)
            opt.step()
            return z
    """),
    Case("a loss that is shown before the step", """
        from somewhere import account

        def train():
            loss = head_a(trunk(x)).sum()
            loss.backward(retain_graph=True)
            account(loss)
            opt.step()
    """, runs=False),
    Case("what another method may have made is not left out", """
        class Painter:
            def __init__(self, options):
                self.painter = nn.Linear(4, 4)
                if options.is_train:
                    self.objective = None

            def prepare(self, objective):
                self.objective = objective

            def step(self, noise):
                self.fake = self.painter(noise)
                for _ in range(3):
                    self.objective.loss(self.fake).backward(retain_graph=True)
    """),
    Case("distributions over what an unseen call gives", """
        from backbones import encode

        def train(data):
            for batch in data:
                scores = encode(batch)
                (head_a(x).sum() + scores.sum()).backward(retain_graph=True)
                torch.distributions.Bernoulli(logits=scores).entropy().sum().backward()
    """, runs=False),
]
SILENT += [
    Case("drawn again in a turn that no path was left for", """
        import random

        cell, memory = nn.GRUCell(4, 8), []

        def shown(part):
            print(LONG)

        def episodes(options, rows):
            for row in rows:
                if len(row) == 0:
                    break
                h = torch.zeros(3, 8)
                for part in row:
                    shown(part)
                    h = cell(x, h)
                    memory.append(h)
        OPTIONS
                if len(memory) > options.size:
                    drawn = torch.cat([memory[random.randrange(len(memory))] for _ in range(4)])
                    head_a(drawn).pow(2).mean().backward(retain_graph=True)
    """.replace("LONG", " + ".join(f"part[{i}]" for i in range(650)))
       .replace("        OPTIONS", "\n".join(f"                if options.o{i}: opt.zero_grad()" for i in range(8)))),
    Case("left on an object of the caller", """
        class Estimate(torch.autograd.Function):
            @staticmethod
            def forward(ctx, estimate, net, x, *parameters):
                with torch.enable_grad():
                    ctx.x = x.detach().requires_grad_()
                    ctx.z = net(ctx.x)
                    found = estimate(ctx.z, ctx.x)
                    slopes = torch.autograd.grad(found.sum(), (ctx.x, *parameters), retain_graph=True)
                    ctx.save_for_backward(*slopes)
                return ctx.z.detach()

            @staticmethod
            def backward(ctx, grad):
                return (None, None, *torch.autograd.grad(ctx.z, ctx.x, grad), None)
    """),
    Case("networks that were not seen, on what an unseen call gave", """
        from divergences import between

        class Trainer:
            def __init__(self, agent, critic, decoder, prior, factor):
                self.agent, self.critic, self.decoder, self.prior, self.factor = agent, critic, decoder, prior, factor
                self.opt = torch.optim.Adam(critic.parameters())
                self.other = torch.optim.Adam(decoder.parameters())

            def step(self, batch):
                drawn, spread, z = self.agent(batch)
                critic_loss = (self.critic(batch, z) - batch).pow(2).mean()
                distance = self.factor * between(spread, self.prior).sum()
                loss = distance + self.decoder(batch, z).pow(2).mean()
                loss.backward(retain_graph=True)
                critic_loss.backward()
                self.opt.step()
    """, runs=False),
]
FIRING = [
    Case("one loss", """
        head_a(trunk(x)).sum().backward(retain_graph=True)  # here
        opt.step()
    """),
    Case("by position", """
        head_a(trunk(x)).sum().backward(None, True)  # here
    """),
    Case("a new forward in each turn", """
        for _ in range(3):
            loss = head_a(trunk(x)).sum()
            loss.backward(retain_graph=True)  # here
            opt.step()
    """),
    Case("separate networks", """
        head_a(x.new_ones(3, 8)).sum().backward(retain_graph=True)  # here
        head_b(x.new_ones(3, 8)).sum().backward()
    """),
    Case("the last of two", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward(retain_graph=True)  # here
    """),
    Case("only a number is handed back", """
        def train():
            loss = head_a(trunk(x)).sum()
            loss.backward(retain_graph=True)  # here
            return loss.item()
    """),
    Case("another loss, walked behind a step, raises", """
        stale = head_b(trunk(x)).sum()
        head_a(trunk(x)).sum().backward(retain_graph=True)  # here
        opt.step()
        stale.backward()
    """, VERSION),
    Case("a model that was not seen", """
        def train(model, data):
            model.train()
            for batch in data:
                loss = model(batch).mean()
                loss.backward(retain_graph=True)  # here, likely
                opt.step()
    """),
]
FIRING += [
    Case("a loss that is handed back behind the step on its weights", """
        def train():
            loss = head_a(trunk(x)).sum()
            opt.zero_grad()
            loss.backward(retain_graph=True)  # here, likely
            opt.step()
            return loss
    """),
    Case("a loss that is shown behind the step on its weights", """
        from somewhere import account

        def train():
            loss = head_a(trunk(x)).sum()
            loss.backward(retain_graph=True)  # here, likely
            opt.step()
            account(loss)
    """, runs=False),
    Case("a step that does not come about where the set-up has left its objective out", """
        class Objective:
            def loss(self, net, fake):
                return net(fake.detach()).mean() - net(x).mean()

        class Painter:
            def __init__(self, options):
                self.painter, self.times, self.is_train = nn.Linear(4, 4), options.times, options.is_train
                if self.is_train:
                    self.critic = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
                    self.objective = Objective()
                    self.opt = torch.optim.Adam(self.critic.parameters())

            def step(self, noise):
                self.fake = self.painter(noise)
                for _ in range(self.times):
                    self.loss = self.objective.loss(self.critic, self.fake)
                    self.loss.backward(retain_graph=True)  # here, likely
                    self.opt.step()
    """),
    Case("the mean of what it walked is shown behind many options", """
        def train(data):
            for batch in data:
                spread = head_b(trunk(batch))
                (head_a(trunk(batch)).sum() + spread.sum()).backward(retain_graph=True)  # here, likely
%s
                print(spread.mean().detach().item())
    """ % "\n".join(f"                if data.o{i}: opt.zero_grad()" for i in range(60))),  # noqa: UP031
    Case("an inner function with names of its own", """
        def train(options, data):
            def spread(batch):
                loss = head_b(trunk(batch)).sum()
                return loss

            for batch in data:
                loss = head_a(trunk(batch)).sum()
                loss.backward(retain_graph=True)  # here, likely
%s
            return spread(x).item()
    """ % "\n".join(f"                if options.o{i}: opt.zero_grad()" for i in range(60))),  # noqa: UP031
    Case("a helper that is told to retain by one of its callers", """
        def update(loss, retain_graph=False):
            opt.zero_grad()
            loss.backward(retain_graph=retain_graph)

        z = trunk(x)
        update(head_a(z).sum(), retain_graph=True)
        update(head_b(z).sum(), retain_graph=True)  # here
        update(head_b(trunk(x * 2)).sum())
    """),
    Case("an unseen module that takes nothing", """
        def search(controller, data):
            controller.train()
            for batch in data:
                score, entropy = controller()
                loss = -score * (batch.mean() - entropy)
                loss.backward(retain_graph=True)  # here, likely
                opt.step()
    """),
    Case("what another method has moved to a device", """
        class Model:
            def __init__(self, device):
                self.trunk, self.device = trunk, device

            def set_input(self, batch):
                self.raw = batch
                self.batch = self.raw.to(self.device)

            def walk(self):
                self.trunk(self.batch).sum().backward(retain_graph=True)  # here, likely
    """),
    _method("loss = head_a(trunk(x)).sum()\nloss.backward(retain_graph=True)  # here, likely\nprint(loss.item())", "",
            "behind it are more options than are run"),
    _method("for batch in options.data:\n    loss = head_a(trunk(batch)).sum()\n    loss.backward(retain_graph=True)"
            "  # here, likely", "return float(loss)", "in a loop before many options"),
    Case("more options in a forward than are run", """
        class Net(nn.Module):
            def __init__(self, options):
                super().__init__()
                self.layer, self.options = nn.Linear(4, 4), options

            def forward(self, batch):
                z = self.layer(batch)
%s
                return z

        class Trainer:
            def __init__(self, options):
                self.net = Net(options)

            def train(self, data):
                for batch in data:
                    self.loss = self.net(batch).pow(2).mean()
                    self.loss.backward(retain_graph=True)  # here, likely
    """ % "\n".join(f"                if self.options.o{i}: z = torch.tanh(z)" for i in range(60))),  # noqa: UP031
]
CASES = SILENT + FIRING


def test_nothing_depends_on_a_choice_that_makes_no_difference() -> None:
    case = Case("choice", """
        def train(verbose):
            head_a(trunk(x)).sum().backward(retain_graph=True)
            if verbose:
                print(1)
    """)
    (finding,) = reported(case, "MHL203")
    assert finding.when == ()


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL203", tmp_path)


def test_an_imported_module_may_have_other_callers(tmp_path: Path) -> None:
    (tmp_path / "products.py").write_text(
        "import torch\n\n\n"
        "def product(loss, parameters):\n"
        "    slopes = torch.autograd.grad(loss, parameters, create_graph=True)\n\n"
        "    def apply(vectors):\n"
        "        total = sum((s * v).sum() for s, v in zip(slopes, vectors))\n"
        "        return torch.autograd.grad(total, parameters, retain_graph=True)\n\n"
        "    return apply\n"
    )
    user = tmp_path / "check_products.py"
    user.write_text(
        "import torch\nfrom torch import nn\nfrom products import product\n\n"
        "net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))\n"
        "parameters = list(net.parameters())\n"
        "apply = product(net(torch.randn(3, 4)).pow(2).mean(), parameters)\n"
        "print(apply([torch.ones_like(p) for p in parameters]))\n"
    )
    source = Source(str(user), user.read_text())
    assert not analyse(source, Request(codes=frozenset({"MHL203"}))).findings


def test_a_helper_of_another_file_is_told_by_its_caller(tmp_path: Path) -> None:
    (tmp_path / "updates.py").write_text(
        "def update(opt, loss, retain_graph=False):\n    opt.zero_grad()\n"
        "    loss.backward(retain_graph=retain_graph)\n    opt.step()\n"
    )
    user = tmp_path / "learn.py"
    user.write_text(
        "import torch\nfrom torch import nn\nfrom updates import update\n\n"
        "net = nn.Linear(4, 1)\nopt = torch.optim.SGD(net.parameters(), lr=0.1)\n"
        "for _ in range(3):\n    update(opt, net(torch.randn(3, 4)).mean(), retain_graph=True)\n"
    )
    source = Source(str(user), user.read_text())
    (finding,) = analyse(source, Request(codes=frozenset({"MHL203"}))).findings
    assert finding.place.start.row == 8


def _walking_what_is_handed_in(name: str) -> Source:
    lines = f"""
        import torch

        def {name}(losses, parameters):
            return [torch.autograd.grad(loss, parameters, retain_graph=True) for loss in losses]

        w = torch.ones(3, requires_grad=True)
        {name}([(w - 1).abs().mean(), w.pow(2).mean()], [w])
    """
    return Source("balance.py", textwrap.dedent(lines))


def test_other_callers_may_hand_in_losses_that_share_a_graph() -> None:
    (open_to_all,) = analyse(_walking_what_is_handed_in("gradients"), Request(codes=frozenset({"MHL203"}))).findings
    (private,) = analyse(_walking_what_is_handed_in("_gradients"), Request(codes=frozenset({"MHL203"}))).findings
    assert open_to_all.confidence is Confidence.LIKELY
    assert private.confidence is Confidence.CERTAIN
