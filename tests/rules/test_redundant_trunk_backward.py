"""Walks that repeat a retained walk for nothing."""

from __future__ import annotations

from pathlib import Path

from cases import TWICE, VERSION, Case, check, in_pytest, reported

SILENT = [
    Case("separate networks", """
        head_a(x.new_ones(3, 8)).sum().backward(retain_graph=True)
        head_b(x.new_ones(3, 8)).sum().backward()
    """),
    Case("gradients read in between", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        norm = trunk[0].weight.grad.norm()
        head_b(z).sum().backward()
    """),
    Case("gradients clipped in between", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        nn.utils.clip_grad_norm_(trunk.parameters(), 1.0)
        head_b(z).sum().backward()
    """),
    Case("gradients cleared in between", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        opt.zero_grad()
        head_b(z).sum().backward()
    """),
    Case("gradients logged by what was not seen", """
        from somewhere import log_gradients

        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        log_gradients(trunk)
        head_b(z).sum().backward()
    """, runs=False),
    Case("a step of an engine whose optimizer was not seen", """
        import deepspeed

        engine, *_ = deepspeed.initialize(model=trunk, config="settings.json")
        z = engine(x)
        engine.backward(head_a(z).sum(), retain_graph=True)
        engine.step()
        engine.backward(head_b(z).sum())
    """, runs=False),
    Case("gradients looked at by what was not seen", """
        def train(note_gradients):
            z = trunk(x)
            head_a(z).sum().backward(retain_graph=True)
            note_gradients(trunk)
            head_b(z).sum().backward()
    """),
    Case("a step on the weights in between", """
        z = trunk(x)
        loss_b = head_b(z).sum()
        head_a(z).sum().backward(retain_graph=True)
        opt.step()
        loss_b.backward()
    """, VERSION),
    Case("autograd.grad is a walk with a result of its own", """
        z = trunk(x)
        grads = torch.autograd.grad(head_a(z).sum(), trunk.parameters(), retain_graph=True)
        head_b(z).sum().backward()
    """),
    Case("a needed retain in some modes only", """
        def train(per_task):
            z = trunk(x)
            head_a(z).sum().backward(retain_graph=True)
            if per_task:
                first = trunk[0].weight.grad.clone()
            head_b(z).sum().backward()
    """),
    Case("it raises anyway", """
        z = trunk(x)
        for i, head in enumerate(heads):
            head(z).sum().backward(retain_graph=i < 1)
    """, TWICE),
    Case("a frozen trunk", """
        trunk.requires_grad_(False)
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
    """),
    Case("hooked weights", """
        trunk[0].weight.register_hook(lambda grad: grad / grad.norm())
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()
    """),
]
FIRING = [
    Case("a penalty on the slope of a network that was not seen", """
        def train(critic, data):
            critic.train()
            for real in data:
                real.requires_grad_()
                scores = critic(real)
                scores.mean().backward(retain_graph=True)
                slope = torch.autograd.grad(scores.sum(), real, create_graph=True)[0]
                slope.pow(2).sum().backward()  # here, likely
    """),
    Case("two losses", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward()  # here
        opt.step()
    """),
    Case("a loop over heads", """
        z = trunk(x)
        for head in heads:
            head(z).sum().backward(retain_graph=True)  # here
        opt.step()
    """),
    Case("a flag for all but the last", """
        z = trunk(x)
        for i, head in enumerate(heads):
            head(z).sum().backward(retain_graph=i < len(heads) - 1)  # here
    """),
    Case("three in a row", """
        z = trunk(x)
        head_a(z).sum().backward(retain_graph=True)
        head_b(z).sum().backward(retain_graph=True)  # here
        head_c(z).sum().backward()  # here
    """),
    Case("two outputs of a model that was not seen", """
        def train(model, x):
            model.train()
            a, b = model(x)
            a.pow(2).mean().backward(retain_graph=True)
            b.pow(2).mean().backward()  # here, likely
    """),
    Case("the same loss twice", """
        loss = head_a(trunk(x)).sum()
        loss.backward(retain_graph=True)
        loss.backward()  # here
    """),
]
CASES = SILENT + FIRING


def test_the_same_loss_is_called_doubled() -> None:
    (finding,) = reported(FIRING[-1], "MHL201")
    assert "counts twice" in finding.message


@in_pytest(CASES)
def test_it_reports_what_is_marked(case: Case, tmp_path: Path) -> None:
    check(case, "MHL201", tmp_path)
