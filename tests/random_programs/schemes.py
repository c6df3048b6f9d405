"""Published schemes that need several walks or forwards: PCGrad, GradNorm, SAM, scalers, manual updates."""

from __future__ import annotations

from .draft import ROWS, WIDTH, Draft, indent
from .flags import condition
from .networks import network
from .walks import loss_of, optimizer, walk, zero


def gradient_surgery(draft: Draft) -> list[str]:
    """Each loss's own trunk gradient is read between the walks."""
    trunk, a, b = network(draft, "trunk"), network(draft, "head_a"), network(draft, "head_b")
    opt = optimizer(draft, [trunk, a, b])
    z = draft.fresh("z", "shared")
    losses = [f"losses = [{loss_of(draft, f'{a}({z})')}, {loss_of(draft, f'{b}({z})')}]"]
    lines = [zero(draft, opt), f"{z} = {trunk}(x)", *losses]
    match draft.weigh({"grads": 3, "cleared": 3, "norms": 2, "weights": 2}):
        case "grads":
            draft.note("surgery autograd.grad")
            kept = draft.weigh({"True": 4, "i == 0": 2, "False": 2})
            body = [
                f"grads.append(torch.autograd.grad(loss, list({trunk}.parameters()), retain_graph={kept}))"
            ]
            lines += ["grads = []", "for i, loss in enumerate(losses):", *indent(body)]
            lines += [f"for p, one, two in zip({trunk}.parameters(), *grads):", "    p.grad = one + two"]
        case "cleared":
            draft.note("surgery clears")
            body = [f"{opt}.zero_grad()", *walk(draft, "loss", draft.weigh({"True": 4, "i == 0": 2, "": 2}))]
            body.append(f"grads.append([p.grad.clone() for p in {trunk}.parameters() if p.grad is not None])")
            lines += ["grads = []", "for i, loss in enumerate(losses):", *indent(body)]
        case "norms":
            draft.note("surgery norms")
            kept = draft.weigh({"True": 4, "False": 1.5})
            lines += [
                f"norms = [torch.autograd.grad(loss, {z}, retain_graph={kept})[0].norm() for loss in losses]"
            ]
            lines += walk(draft, "sum(loss / (norm + 1.0) for loss, norm in zip(losses, norms))")
        case _:
            weights = draft.persist("weights", "torch.ones(2, requires_grad=True)")
            opt_w = draft.persist("opt_w", f"torch.optim.SGD([{weights}], lr=0.01)")
            draft.note("surgery weights")
            lines += [f"total = sum(w * loss for w, loss in zip({weights}, losses))"]
            lines += walk(draft, "total", draft.weigh({"": 2, "True": 2}))
            cut = draft.weigh({"": 1, ".detach()": 2})
            again = f"balance = sum(w * loss{cut} for w, loss in zip({weights}, losses))"
            lines += [
                f"{opt}.step()",
                again,
                f"{opt_w}.zero_grad()",
                *walk(draft, "balance"),
                f"{opt_w}.step()",
            ]
            return lines
    return [*lines, f"{opt}.step()"]


def perturbed(draft: Draft) -> list[str]:
    """SAM and its like: a walk, a change of the weights, a second walk of a new loss or (wrongly) the old."""
    net = network(draft, "model", "net")
    opt = optimizer(draft, [net])
    loss = loss_of(draft, f"{net}(x)")
    climb = [
        f"for p in {net}.parameters():",
        *indent(["if p.grad is not None:", "    p.add_(0.05 * p.grad)"]),
    ]
    climb = ["with torch.no_grad():", *indent(climb)]
    if draft.chance(0.3):
        climb = [line.replace("p.add_", "p.data.add_") for line in climb[1:]]
        climb = [line[4:] for line in climb]
    how = draft.weigh({"fresh": 4, "stale": 3, "half": 2})
    draft.note(f"perturbed {how}")
    again = {"fresh": [f"loss = {loss}"], "stale": [], "half": [f"loss = loss + {loss}"]}[how]
    retain = draft.weigh({"": 2, "True": 1 if how == "fresh" else 3})
    return [
        f"loss = {loss}",
        *walk(draft, "loss", retain),
        *climb,
        zero(draft, opt),
        *again,
        *walk(draft, "loss"),
        f"{opt}.step()",
    ]


def scaled(draft: Draft) -> list[str]:
    """Losses walked through a gradient scaler, with a plain branch beside it."""
    net, head = network(draft, "model", "net"), network(draft, "head")
    opt = optimizer(draft, [net, head])
    scaler = draft.persist("scaler", 'torch.amp.GradScaler("cpu", init_scale=2.0)')
    draft.note("scaler")
    z = draft.fresh("z", "out")
    lines = [
        zero(draft, opt),
        f"{z} = {net}(x)",
        f"loss1 = {loss_of(draft, z)}",
        f"loss2 = {loss_of(draft, f'{head}({z})')}",
    ]
    kept = draft.weigh({"": 2, "retain_graph=True": 2})
    end = [f"{scaler}.step({opt})", f"{scaler}.update()"]
    match draft.weigh({"one": 2, "two": 4, "branch": 4}):
        case "one":
            walks = [f"{scaler}.scale(loss1 + loss2).backward()"]
        case "two":
            walks = [f"{scaler}.scale(loss1).backward({kept})", f"{scaler}.scale(loss2).backward()"]
        case _:
            amp = [f"{scaler}.scale(loss1).backward({kept})", *end]
            walks = [
                f"if {condition(draft)}:",
                *indent(amp),
                "else:",
                *indent([*walk(draft, "loss1"), f"{opt}.step()"]),
            ]
            second = loss_of(draft, f"{head}({draft.pick([z, f'{net}(x)'])})")
            return [
                *lines,
                *walks,
                *([f"loss2 = {second}"] if draft.chance(0.6) else []),
                *walk(draft, "loss2"),
            ]
    return [*lines, *walks, *end]


def two_boundaries(draft: Draft) -> list[str]:
    """Two outputs, cut at both: reinjected in one call (right) or in two (wrong where they share)."""
    trunk, left, right = network(draft, "trunk"), network(draft, "left"), network(draft, "right")
    head = network(draft, "head")
    opt = optimizer(draft, [trunk, left, right, head])
    share = draft.chance(0.7)
    z = (
        [f"h = torch.tanh({trunk}(x))", f"z1, z2 = {left}(h), {right}(h)"]
        if share
        else [f"z1, z2 = {left}(x), {right}(x)"]
    )
    cut = ["d1, d2 = z1.detach().requires_grad_(), z2.detach().requires_grad_()"]
    if draft.chance(0.3):
        cut = ["d1, d2 = (z.detach().requires_grad_() for z in (z1, z2))"]
    losses = [f"loss1 = {loss_of(draft, f'{head}(d1 + d2)')}", *walk(draft, "loss1")]
    source = draft.pick(["d1", "d2", "d1 * d2"])
    losses += [f"loss2 = {loss_of(draft, f'{head}({source})')}", *walk(draft, "loss2")]
    joint = draft.chance(0.55)
    draft.note("two boundaries " + ("joint" if joint else "apart"))
    if joint:
        again = ["torch.autograd.backward([z1, z2], [d1.grad, d2.grad])"]
    else:
        kept = draft.weigh({"": 2, ", retain_graph=True": 1})
        again = [f"z1.backward(d1.grad{kept})", "z2.backward(d2.grad)"]
    return [zero(draft, opt), *z, *cut, *losses, *again, f"{opt}.step()"]


def manual_updates(draft: Draft) -> list[str]:
    """Weights without an optimizer: tensors updated by hand from their gradients."""
    w = draft.persist("w", f"torch.randn({WIDTH}, {WIDTH}, requires_grad=True)", carried=True)
    b = draft.persist("b", f"torch.zeros({WIDTH}, requires_grad=True)", carried=True)
    draft.note("manual update")
    forward = draft.pick(
        [f"h = x @ {w} + {b}", f"h = torch.tanh(x @ {w}) @ {w} + {b}", f"h = F.linear(x, {w}, {b})"]
    )
    lines = [forward, f"loss = {loss_of(draft, 'h')}"]
    retain = draft.weigh({"": 5, "True": 1})
    match draft.weigh({"no_grad": 3, "data": 2, "grad": 2, "rebind": 2, "early": 1.5}):
        case "no_grad":
            update = ["with torch.no_grad():", f"    {w} -= 0.01 * {w}.grad", f"    {b} -= 0.01 * {b}.grad"]
            return [*lines, *walk(draft, "loss", retain), *update, f"{w}.grad = None", f"{b}.grad = None"]
        case "data":
            return [*lines, *walk(draft, "loss", retain), f"{w}.data -= 0.01 * {w}.grad", f"{w}.grad.zero_()"]
        case "grad":
            kept = draft.weigh({"": 3, ", retain_graph=True": 1, ", create_graph=True": 1})
            gw = f"gw, gb = torch.autograd.grad(loss, [{w}, {b}]{kept})"
            update = ["with torch.no_grad():", f"    {w} -= 0.01 * gw", f"    {b} -= 0.01 * gb"]
            return [*lines, gw, *update, *(walk(draft, "loss") if draft.chance(0.3) else [])]
        case "rebind":
            draft.note("weights rebound")
            cut = draft.weigh({".detach().requires_grad_()": 4, "": 1})
            kept = draft.weigh({"": 3, ", create_graph=True": 1})
            gw = f"gw = torch.autograd.grad(loss, {w}{kept})[0]"
            return [*lines, gw, f"{w} = ({w} - 0.01 * gw){cut}"]
    draft.note("manual update early")
    old = draft.persist("momentum", f"torch.zeros({ROWS}, {WIDTH})", carried=True)
    keep = draft.weigh({".detach()": 1, "": 1})
    update = ["with torch.no_grad():", f"    {w}.mul_(0.9)"]
    body = [f"{old} = 0.5 * {old} + h{keep}", f"loss = loss + {old}.pow(2).mean()"]
    return [*lines, *body, *walk(draft, "loss", retain), *(update if draft.chance(0.5) else [])]
