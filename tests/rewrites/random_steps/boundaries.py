"""Where the trunk ends: one tensor, several names, a tuple, a list or a dict of tensors."""

from __future__ import annotations

import random
from typing import NamedTuple


class Boundary(NamedTuple):
    """The lines that run the trunk, and what heads may be given (each of shape (5, 6)).

    `tensor` is one tensor of the boundary, as an expression; `name` is a name that can be bound anew, "" if there
    is none.
    """

    made: list[str]
    inputs: list[str]
    tensor: str
    name: str


def boundary(choose: random.Random) -> Boundary:
    """A trunk's forward and the boundary that it ends in."""
    make = choose.choices([_one, _names, _indexed, _keyed, _built, _fields, _frozen], [8, 2, 2, 2, 2, 1, 2])[0]
    return make(choose)


def _one(choose: random.Random) -> Boundary:
    name = choose.choice(["z", "feats", "h"])
    made = choose.choice(
        [
            ["{z} = trunk(x)"],
            ["mid = trunk[:3](x)", "{z} = trunk[3:](mid)"],
            ["{z} = trunk(x)  # the shared part"],
            ["a, b = trunk(x).chunk(2, 1)", "{z} = torch.cat([b, a], 1)"],
            ["{z} = trunk(x) * 2.0", "{z} = {z} + 1"],
            ["{z} = F.normalize(trunk(x), dim=1)"],
            ["{z}, other = trunk(x), torch.tanh(trunk(x))"],
            ["{z} = linear_trunk(x)"],
            ["{z} = linear_trunk(x).view(5, 6)"],
            ["{z} = linear_trunk(x)", "{z} = F.dropout({z}, 0.2)"],
            ["with torch.autocast('cpu', enabled=False):", "    {z} = trunk(x)"],
            ["{z} = checkpoint(trunk, x, use_reentrant=False)"],
        ]
    )
    return Boundary([line.replace("{z}", name) for line in made], [name], name, name)


def _names(choose: random.Random) -> Boundary:
    made = choose.choice(
        [
            ["low, high = both(x)"],
            ["mid = trunk[:4](x)", "low, high = trunk[4:](mid), torch.tanh(mid)"],
            ["low = trunk(x)", "high = torch.tanh(low)"],
            ["low, high = both(x)", "high = high * low"],
        ]
    )
    return Boundary(made, ["low", "high", "low + high", "low * high"], "low", "low")


def _indexed(choose: random.Random) -> Boundary:
    made = choose.choice(
        [
            ["feats = both(x)"],
            ["feats = [trunk(x), linear_trunk(x)]"],
            ["feats = list(both(x))"],
            ["low = linear_trunk(x)", "feats = (low, torch.tanh(low), torch.sigmoid(low))"],
            ["low = linear_trunk(x)", "feats = [low, torch.tanh(low), torch.ones(5, dtype=torch.int)]"],
        ]
    )
    inputs = ["feats[0]", "feats[1]", "feats[0] * feats[1]", "sum(feats)", "torch.stack(list(feats)).mean(0)"]
    if "int" in made[-1]:
        inputs = inputs[:3]
    return Boundary(made, inputs, "feats[0]", "")


def _keyed(choose: random.Random) -> Boundary:
    made = choose.choice(
        [
            ["out = pyramid(x)"],
            ["out = {'low': trunk(x), 'high': linear_trunk(x)}"],
            ["out = dict(pyramid(x))"],
            ["base = linear_trunk(x)", "out = {'low': base, 'high': torch.tanh(base), 'top': base.exp()}"],
        ]
    )
    inputs = ["out['low']", "out['high']", "out['low'] * out['high']", "sum(out.values())"]
    return Boundary(made, inputs, "out['low']", "")


def _built(choose: random.Random) -> Boundary:
    made = ["feats = []", "h = x @ widen", "for stage in stages:", "    h = stage(h)", "    feats.append(h)"]
    return Boundary(made, ["feats[-1]", "feats[0]", "feats[0] + feats[1]", "h"], "feats[-1]", "")


def _fields(choose: random.Random) -> Boundary:
    return Boundary(["out = Out(*both(x))"], ["out.low", "out.high", "out.low + out.high"], "out.low", "")


def _frozen(choose: random.Random) -> Boundary:
    """A trunk that may have been frozen before its forward, depending on what the analyser cannot know."""
    chance = choose.choice([-1, 2])
    made = [f"if torch.rand(()).item() < {chance}:", "    trunk.requires_grad_(False)", "z = trunk(x)"]
    return Boundary(made, ["z"], "z", "z")
