"""Steps that carry something from one turn to the next: states, totals, buffers, graphs made early."""

from __future__ import annotations

from .draft import CLASSES, ROWS, WIDTH, Draft, indent
from .flags import condition
from .networks import network
from .walks import log, loss_of, optimizer, walk, zero


def recurrent(draft: Draft) -> list[str]:
    """A hidden state that lives on, cut or not."""
    cell_kind = draft.weigh({"GRUCell": 4, "RNNCell": 2, "LSTMCell": 1.5, "own": 3, "bias": 0.7})
    draft.note(f"carried {cell_kind}")
    zeros = f"torch.zeros({ROWS}, {WIDTH})"
    if cell_kind == "own":
        cell, update = network(draft, "cell", "rnn"), "torch.tanh({cell}(x) + {h})"
        update = draft.pick([update, "{h} + {cell}(x)", "{cell}(x + {h})", "0.9 * {h} + {cell}(x)"])
    elif cell_kind == "bias":
        cell, update = (
            draft.persist("shift", f"nn.ParameterList([nn.Parameter(torch.zeros({WIDTH}))])"),
            "{h} + {cell}[0]",
        )
    else:
        cell, update = draft.persist("cell", f"nn.{cell_kind}({WIDTH}, {WIDTH})"), "{cell}(x, {h})"
    head = network(draft, "head", "readout", width=CLASSES)
    opt = optimizer(draft, [cell, head])
    start = f"({zeros}, {zeros})" if cell_kind == "LSTMCell" else zeros
    h = draft.persist("hidden", start, carried=True, early=draft.chance(0.5))
    output = f"{h}[0]" if cell_kind == "LSTMCell" else h
    cut = _cut(draft, h, cell_kind == "LSTMCell")
    inner = draft.chance(0.3)
    forward = [f"{h} = {update.format(cell=cell, h=h)}"]
    if inner:
        draft.note("inner time loop")
        forward = [f"for t in range({draft.pick([2, 3])}):", *indent(forward)]
    loss = [
        f"loss = {loss_of(draft, f'{head}({output})')}",
        *walk(draft, "loss", draft.weigh({"": 5, "True": 1.3})),
    ]
    step = [f"{opt}.step()"] if draft.chance(0.8) else []
    match draft.weigh({"first": 3, "last": 3, "none": 2.5, "every": 0.8}):
        case "first":
            return [zero(draft, opt), *cut, *forward, *loss, *step]
        case "last":
            return [zero(draft, opt), *forward, *loss, *step, *cut]
        case "every":
            draft.note("cut every other turn")
            return [zero(draft, opt), *forward, *loss, *step, "if step % 2 == 0:", *indent(cut)]
    return [zero(draft, opt), *forward, *loss, *step, *log(draft, "loss")]


def _cut(draft: Draft, h: str, pair: bool) -> list[str]:
    if pair:
        return [
            draft.pick(
                [f"{h} = tuple(part.detach() for part in {h})", f"{h} = ({h}[0].detach(), {h}[1].detach())"]
            )
        ]
    lines = draft.pick(
        [
            [f"{h} = {h}.detach()"],
            [f"{h}.detach_()"],
            [f"{h} = {h}.data"],
            [f"{h} = torch.zeros({ROWS}, {WIDTH})"],
        ]
    )
    if draft.chance(0.15):
        draft.note("cut behind a flag")
        return [f"if {condition(draft)}:", *indent(lines)]
    return lines


def totals(draft: Draft) -> list[str]:
    """A running total of losses over the turns, walked in the loop, after it, or only logged."""
    model = network(draft, "model", "net")
    opt = optimizer(draft, [model])
    total = draft.persist(
        draft.pick(["total", "running", "total_loss"]),
        draft.pick(["0", "0.0", "torch.zeros(())"]),
        carried=True,
    )
    lines = [f"loss = {loss_of(draft, f'{model}(x)')}"]
    use = draft.weigh({"logged": 3, "kept": 2, "walked": 3, "after": 2.5, "reset": 2})
    draft.note(f"total {use}")
    match use:
        case "logged":
            value = draft.pick(["loss.item()", "float(loss)", "loss.detach()"])
            return [zero(draft, opt), *lines, *walk(draft, "loss"), f"{opt}.step()", f"{total} += {value}"]
        case "kept":
            draft.after += [f"print(float({total}))"]
            return [
                zero(draft, opt),
                *lines,
                *walk(draft, "loss"),
                f"{opt}.step()",
                f"{total} = {total} + loss",
            ]
        case "walked":
            step = [f"{opt}.step()"] if draft.chance(0.6) else []
            return [
                *lines,
                f"{total} = {total} + loss",
                *walk(draft, total, draft.weigh({"": 3, "True": 1.5})),
                *step,
            ]
        case "after":
            draft.after += [zero(draft, opt), *walk(draft, total), f"{opt}.step()"]
            step = [f"{opt}.step()"] if draft.chance(0.2) else []
            return [
                *lines,
                f"{total} = {total} + loss",
                *(walk(draft, "loss", draft.pick(["", "True"])) if draft.chance(0.25) else []),
                *step,
            ]
    body = [*walk(draft, total), f"{opt}.step()", f"{opt}.zero_grad()", f"{total} = 0"]
    if draft.chance(0.25):
        body.pop()
    return [*lines, f"{total} = {total} + loss", f"if (step + 1) % {draft.pick([1, 2])} == 0:", *indent(body)]


def memory(draft: Draft) -> list[str]:
    """Past outputs kept in a list, a queue, a dict or one attribute, and used again."""
    model = network(draft, "model", "encoder")
    opt = optimizer(draft, [model])
    cut = draft.weigh({"": 3, ".detach()": 3, ".detach().clone()": 0.7, ".data": 0.7})
    draft.note("memory " + ("cut" if cut else "attached"))
    kind = draft.weigh({"list": 3, "deque": 1.5, "last": 3, "dict": 1.5, "ema": 2})
    draft.note(f"memory {kind}")
    z = draft.fresh("z", "out", "feats")
    lines = [zero(draft, opt), f"{z} = {model}(x)", f"loss = {loss_of(draft, z)}"]
    retain = draft.weigh({"": 5, "True": 1.2})
    end = [*walk(draft, "loss", retain), *([f"{opt}.step()"] if draft.chance(0.7) else [])]
    if kind == "last":
        prev = draft.persist("prev", "None", carried=True)
        use = [f"if {prev} is not None:", f"    loss = loss + F.mse_loss({z}, {prev})"]
        return [*lines, *use, *end, f"{prev} = {z}{cut}"]
    if kind == "ema":
        mean = draft.persist("center", f"torch.zeros({WIDTH})", carried=True)
        return [
            *lines,
            f"{mean} = 0.9 * {mean} + 0.1 * {z}{cut}.mean(dim=0)",
            f"loss = loss + ({z} - {mean}).pow(2).mean()",
            *end,
        ]
    if kind == "deque":
        draft.imports.add("from collections import deque")
    start = {"list": "[]", "deque": "deque(maxlen=2)", "dict": "{}"}[kind]
    bank = draft.persist("bank", start)
    old = f"{bank}.values()" if kind == "dict" else bank
    put = f"{bank}[step] = {z}{cut}" if kind == "dict" else f"{bank}.append({z}{cut})"
    use = [f"for old in {old}:", f"    loss = loss + ({z} * old).mean()"]
    if draft.chance(0.5):
        return [*lines, *use, *end, put]
    return [*lines, put, *use, *end]


def prebuilt(draft: Draft) -> list[str]:
    """A graph made once before the loop and used in every turn."""
    model = network(draft, "model", "net")
    keeper = draft.weigh({"emb": 3, "weight": 2, "trunk": 3, "loss": 1.5, "reshaped": 1.5})
    draft.note(f"prebuilt {keeper}")
    retain = draft.weigh({"": 4, "True": 2})
    cut = draft.weigh({"": 5, ".detach()": 2})
    if keeper == "emb":
        owner = draft.persist("emb", f"nn.Embedding({CLASSES}, {WIDTH})")
        made = f"{owner}(torch.arange({CLASSES})).mean(dim=0)"
    elif keeper == "trunk":
        owner = network(draft, "trunk", "encoder")
        made = f"{owner}(torch.randn({ROWS}, {WIDTH}))"
    else:
        owner = draft.persist("weight", f"nn.ParameterList([nn.Parameter(torch.randn({WIDTH}))])")
        made = {"weight": "F.softplus({}[0])", "reshaped": "{}[0].view(1, -1)", "loss": "{}[0].pow(2).sum()"}[
            keeper
        ].format(owner)
    value = draft.persist("fixed", f"{made}{cut}", early=draft.chance(0.5))
    opt = optimizer(draft, [model, owner] if draft.chance(0.6) else [model])
    again = []
    if draft.chance(0.2):
        draft.note("made anew in the loop")
        again, value = [f"fresh = {made}"], "fresh"
    loss = [f"loss = {loss_of(draft, f'{model}(x)')} + {value}.mean()"]
    if keeper != "loss" and draft.chance(0.5):
        loss = [f"loss = {loss_of(draft, f'{model}(x + {value})')}"]
    step = [f"{opt}.step()"] if draft.chance(0.6) else []
    return [zero(draft, opt), *again, *loss, *walk(draft, "loss", retain), *step]


def accumulation(draft: Draft) -> list[str]:
    """Gradients gathered over several forwards: micro-batches, views of one batch, repeated models."""
    model = network(draft, "model", "net")
    opt = optimizer(draft, [model])
    inner = draft.pick([2, 3])
    value = f"{model}(part)"
    parts = draft.pick([f"repeat({inner}, 1).chunk({inner})", f"unsqueeze(0).expand({inner}, -1, -1)"])
    lines = [f"for part in x.{parts}:"]
    once = []
    if draft.chance(0.3):
        draft.note("shared part outside")
        once, value = (
            [f"shared = {model}(x)"],
            f"({model}(part) + shared{draft.weigh({'': 2, '.detach()': 1})})",
        )
    body = [
        f"loss = {loss_of(draft, value)} / {inner}",
        *walk(draft, "loss", draft.weigh({"": 5, "True": 1})),
    ]
    if draft.chance(0.2):
        body = [f"loss = {loss_of(draft, value)}", *walk(draft, f"(loss / {inner})"), *log(draft, "loss")]
    every = [f"if (step + 1) % {draft.pick([1, 2])} == 0:", f"    {opt}.step()", f"    {opt}.zero_grad()"]
    return [*once, *lines, *indent(body), *every]
