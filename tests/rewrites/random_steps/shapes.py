"""The walks of a step: in a loop over heads, in sequence, side by side, over a list of losses."""

from __future__ import annotations

import random
from collections.abc import Callable

from .boundaries import Boundary
from .losses import FORMS, SCALED, loss, walk
from .strewn import between

Shape = Callable[[random.Random, Boundary, str, bool], list[str]]


def walks(choose: random.Random, trunk: Boundary, hazards: bool) -> tuple[list[str], bool]:
    """The lines of a step's walks, and whether a scaler is used."""
    form = choose.choice(FORMS)
    shapes = [_loop, _straight, _prebuilt, _prebuilt_loop, _dict_of_losses, _in_place_heads, _levels]
    shape: Shape = choose.choice(shapes)
    lines = shape(choose, trunk, form, hazards)
    if hazards and choose.random() < 0.1:
        lines = ["try:", *indented(lines), "except RuntimeError:", "    print('caught')"]
    return lines, form == SCALED


def indented(lines: list[str]) -> list[str]:
    """Lines one level deeper."""
    return ["    " + line for text in lines for line in text.split("\n")]


def _retain(choose: random.Random, last: str = "") -> str:
    return choose.choice(["True", "True", last or "True", ""])


def _unknown(choose: random.Random) -> str:
    """A condition that the analyser cannot know."""
    return f"torch.rand(()).item() < {choose.choice([-1, 2])}"


def _loop(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    header, head, target, last = choose.choice(
        [
            ("for head, y in zip(heads, ys):", "head", "y", ""),
            ("for i, head in enumerate(heads):", "head", "ys[i]", "i < len(heads) - 1"),
            ("for i in range(3):", "heads[i]", "ys[i]", "i < 2"),
            ("for i in range(len(heads)):", "heads[i]", "ys[i]", "i != len(heads) - 1"),
            ("for i in reversed(range(len(heads))):", "heads[i]", "ys[i]", "i != 0"),
            ("for key, head in named.items():", "head", "ys[0, :, :2]", ""),
            ("for key in named:", "named[key]", "ys[0, :, :2]", "key != 'b'"),
        ]
    )
    retain = _retain(choose, last)
    body = [f"loss = {loss(choose, trunk, head, target)}"]
    walked = choose.choice(["loss", "loss", "(0.5 * loss)", "(loss / 2)"])
    if choose.random() < 0.2:
        body.insert(0, f"if {target}.sum() < {choose.choice([-100, 0])}:\n    continue")
    if retain == "i < 2" and choose.random() < 0.5:
        body.append("last = i == 2")
        retain = "not last"
    body += [*between(choose, trunk, "loss", hazards, 0.2), walk(walked, form, retain)]
    body += between(choose, trunk, "loss", hazards)
    lines = [header, *indented(body)]
    if choose.random() < 0.3:
        lines += [walk(f"{trunk.tensor}.pow(2).mean()", form, "")]
    if choose.random() < 0.2:
        lines.append(f"print({trunk.tensor}.sum().item())")
    return lines


def _straight(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    retain = choose.choice(["True", "True", "", "keep"])
    lines = ["keep = True"] if retain == "keep" else []
    count = choose.choice([2, 3])
    for index, head in enumerate(["first", "second", "third"][:count]):
        name = choose.choice(["loss", f"loss_{index}"])
        part = [f"{name} = {loss(choose, trunk, head, f'ys[{index}]')}"]
        part.append(walk(name, form, retain if index < count - 1 else ""))
        if index and choose.random() < 0.15:
            part = [f"if {_unknown(choose)}:", *indented(part)]
        lines += part
        if index < count - 1:
            lines += between(choose, trunk, name, hazards)
    return lines


def _prebuilt(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    count = choose.choice([2, 3])
    losses = [f"loss_{index}" for index in range(count)]
    pairs = zip(losses, ["first", "second", "third"], strict=False)
    lines = [f"{name} = {loss(choose, trunk, head, f'ys[{i}]')}" for i, (name, head) in enumerate(pairs)]
    retain = choose.choice(["True", "True", ""])
    for index, name in enumerate(losses):
        last = index == count - 1
        text = choose.choice([name, name, name, f"(2 * {name})"])
        line = walk(text, form, "" if last else retain)
        if choose.random() < 0.15:
            line = f"if {name} > {choose.choice([-1.0, 0.5])}:\n    {line}"
        lines.append(line)
        if not last:
            lines += between(choose, trunk, name, hazards)
    return lines


def _prebuilt_loop(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    made = loss(choose, trunk, "head", "y")
    listed = f"losses = [{made} for head, y in zip(heads, ys)]"
    lines, walked, last = choose.choice(
        [
            ([listed, "for loss in losses:"], "loss", ""),
            ([listed, "for i, loss in enumerate(losses):"], "loss", "i < len(losses) - 1"),
            ([listed, "for i, loss in enumerate(losses):"], "loss", "i + 1 < len(losses)"),
            ([listed, "for i in range(len(losses)):"], "losses[i]", "i < 2"),
            ([listed, "for w, loss in zip([1.0, 2.0, 3.0], losses):"], "(w * loss)", ""),
            ([listed, "while losses:", "    loss = losses.pop()"], "loss", "len(losses) > 0"),
            (
                ["losses = []", "for head, y in zip(heads, ys):", f"    losses.append({made})", "for loss in losses:"],
                "loss",
                "",
            ),
        ]
    )
    body = [walk(walked, form, _retain(choose, last))]
    body += between(choose, trunk, walked, hazards, 0.3)
    lines = [*lines, *indented(body)]
    if choose.random() < 0.3:
        lines.append(choose.choice(["print(sum(l.item() for l in losses))", "print(torch.stack(losses).sum().item())"]))
        if "while losses:" in lines:
            del lines[-1]
    return lines


def _dict_of_losses(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    made = loss(choose, trunk, "head", "y")
    built = choose.choice(
        [
            [f"parts = {{i: {made} for i, (head, y) in enumerate(zip(heads, ys))}}"],
            ["parts = {}", "for i, (head, y) in enumerate(zip(heads, ys)):", f"    parts[i] = {made}"],
            [
                f"parts = dict(a={loss(choose, trunk, 'first', 'ys[0]')},",
                f"             b={loss(choose, trunk, 'second', 'ys[1]')})",
            ],
        ]
    )
    header, walked = choose.choice(
        [
            ("for loss in parts.values():", "loss"),
            ("for name, loss in parts.items():", "loss"),
            ("for key in parts:", "parts[key]"),
            ("for key in list(parts):", "parts[key]"),
        ]
    )
    body = [walk(walked, form, _retain(choose)), *between(choose, trunk, walked, hazards, 0.3)]
    return [*built, header, *indented(body)]


def _in_place_heads(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    """Heads whose first operation works in place on what they are given."""
    # A trunk that ends in a Linear: what ends in a Sigmoid keeps its result, which must not be changed.
    trunk = Boundary([], ["z"], "z", "z")
    retain = choose.choice(["True", "True", ""])
    inner = choose.choice(["z", "z", "z.clone()", "F.relu(z, inplace=True)", "z.relu_()", "shifted(z)"])
    lines = ["z = linear_trunk(x)"]
    if choose.random() < 0.5:
        body = [f"loss = F.mse_loss(head({inner}), y)", *between(choose, trunk, "loss", hazards, 0.2)]
        lines += ["for head, y in zip(bold, ys):", *indented([*body, walk("loss", form, retain)])]
    else:
        lines += [f"a = {loss(choose, trunk, 'first', 'ys[0]')}", walk("a", form, retain)]
        lines += between(choose, trunk, "a", hazards)
        lines += choose.choice([[], [], [], ["z += 1"], ["z.mul_(0.5)"], ["F.relu_(z)"], ["z[0] = 0.0"]])
        lines += [f"b = F.mse_loss(bold[0]({inner}), ys[1])", walk("b", form, "")]
    return lines


def _levels(choose: random.Random, trunk: Boundary, form: str, hazards: bool) -> list[str]:
    """Each head has a level of its own, and some levels or heads are left out."""
    made = ["base = linear_trunk(x)"]
    levels = choose.choice(["list", "names", "dict", "mixed"])
    if levels == "list":
        made.append("feats = [base, torch.tanh(base), torch.sigmoid(base), base.exp()]")
        fed = [f"feats[{index}]" for index in range(4)]
    elif levels == "names":
        made.append("low, mid, high = base, torch.tanh(base), torch.sigmoid(base)")
        fed = ["low", "mid", "high"]
    elif levels == "dict":
        made.append("feats = {'a': base, 'b': torch.tanh(base), 'c': torch.sigmoid(base)}")
        fed = ["feats['a']", "feats['b']", "feats['c']"]
    else:
        made.append("feats, pooled = [base, torch.tanh(base)], torch.sigmoid(base)")
        fed = ["feats[0]", "feats[1]", "pooled"]
    retain = choose.choice(["True", "True", ""])
    lines = list(made)
    trunk = Boundary([], [choose.choice(fed)], choose.choice(fed), "")
    if levels not in {"mixed", "names"} and choose.random() < 0.5:
        loop = "for i, (head, y) in enumerate(zip(heads, ys)):" if levels == "list" else None
        header = loop or "for key, head, y in zip(feats, heads, ys):"
        item = "feats[i]" if levels == "list" else "feats[key]"
        body = [f"if {_unknown(choose)}:\n    continue"] if choose.random() < 0.4 else []
        body += [f"loss = F.mse_loss(head({item}), y)", *between(choose, trunk, "loss", hazards, 0.3)]
        return [*lines, header, *indented([*body, walk("loss", form, retain)])]
    for index, head in enumerate(["first", "second", "third"][: choose.choice([2, 3])]):
        name, level = f"loss_{index}", choose.choice(fed)
        part = [f"{name} = F.mse_loss({head}({level}), ys[{index}])", walk(name, form, retain)]
        if choose.random() < 0.3:
            part = [f"if {_unknown(choose)}:", *indented(part)]
            if choose.random() < 0.3:
                other = [f"{name} = F.mse_loss({head}({choose.choice(fed)}), ys[{index}])", walk(name, form, retain)]
                part += ["else:", *indented(other)]
        lines += part
        lines += between(choose, trunk, fed[0] + ".sum()", hazards, 0.2)
    return lines
