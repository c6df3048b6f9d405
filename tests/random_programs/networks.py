"""Module classes and calls of them: trunks, heads, whole models with several outputs."""

from __future__ import annotations

from dataclasses import dataclass

from .draft import CLASSES, ROWS, WIDTH, Draft, indent

ACTIVATIONS = {
    "nn.Tanh()": 4.0,
    "nn.ReLU()": 4.0,
    "nn.Sigmoid()": 2.0,
    "nn.GELU()": 1.0,
    "nn.Softplus()": 0.5,
    "nn.PReLU()": 0.5,
    "nn.ReLU(inplace=True)": 1.0,
    f"nn.LayerNorm({WIDTH})": 1.0,
    f"nn.BatchNorm1d({WIDTH})": 0.7,
    "nn.Dropout(0.1)": 0.7,
    "nn.Dropout(0.0)": 0.2,
    "nn.Identity()": 0.4,
}
CALLS = ("torch.tanh({})", "F.relu({})", "torch.sigmoid({})", "{}.tanh()", "F.softplus({})", "torch.relu({})")
KEEPLESS = (
    "{0} + self.bias",
    "{0}.view(-1, {w}) + self.bias",
    "{0} - self.bias",
    "{0}.reshape({r}, {w}).clone() + self.bias",
)


@dataclass(frozen=True)
class Outputs:
    """How a model hands out its results: one tensor, or several in a tuple, dict, list, ..."""

    kind: str
    keys: tuple[str, ...]


def layer(draft: Draft, width: int = WIDTH) -> str:
    """The construction of a module from WIDTH to `width` columns, without a class of its own."""
    linear = f"nn.Linear({WIDTH}, {width})"
    if draft.chance(0.35):
        return linear
    inner = [f"nn.Linear({WIDTH}, {WIDTH})", draft.weigh(ACTIVATIONS)]
    if draft.chance(0.2):
        inner.insert(0, draft.weigh(ACTIVATIONS).replace("inplace=True", ""))
    if width != WIDTH or draft.chance(0.5):
        inner.append(linear)
    return f"nn.Sequential({', '.join(inner)})"


def network(draft: Draft, *bases: str, width: int = WIDTH) -> str:
    """A persistent module from WIDTH to `width` columns; its name."""
    return draft.persist(draft.pick(bases), construction(draft, width))


def construction(draft: Draft, width: int = WIDTH) -> str:
    """The construction of a module: a layer, a class of the program, or (rarely) one that keeps nothing."""
    if width == WIDTH and draft.chance(0.08):
        return keepless(draft)
    if draft.chance(0.4):
        return f"{trunk_class(draft, width)}()"
    return layer(draft, width)


def keepless(draft: Draft) -> str:
    """A module whose graph keeps nothing: it only adds a parameter and changes shapes."""
    draft.note("keepless trunk")
    name = draft.fresh("Shift", "Bias", "Offset")
    body = draft.pick(KEEPLESS).format("x", w=WIDTH, r=ROWS)
    init = ["super().__init__()", f"self.bias = nn.Parameter(torch.zeros({WIDTH}))"]
    draft.define(_module(name, init, ["x"], [f"return {body}"]))
    return f"{name}()"


def trunk_class(draft: Draft, width: int = WIDTH) -> str:
    """Write a module class from WIDTH to `width` columns; its name."""
    name = draft.fresh("Trunk", "Encoder", "Backbone", "Block", "Net")
    init, lines, last = _body(draft)
    if width != WIDTH:
        init.append(f"self.out = nn.Linear({WIDTH}, {width})")
        last = f"self.out({last})"
    if draft.chance(0.15):
        draft.note("forward calls method")
        methods = ["def encode(self, x):", *indent([*lines, f"return {last}"])]
        draft.define([*_module(name, init, ["x"], ["return self.encode(x)"]), "", *indent(methods)])
    else:
        draft.define(_module(name, init, ["x"], [*lines, f"return {last}"]))
    return name


def several(draft: Draft, count: int, width: int = WIDTH) -> tuple[str, Outputs]:
    """Write a model class that returns `count` tensors; its name and how it returns them."""
    name = draft.fresh("MultiTask", "Model", "ActorCritic", "TwoHeads")
    kind = draft.weigh({"tuple": 4, "dict": 3, "list": 1.5, "named": 0.8, "dataclass": 0.8, "stack": 0.5})
    keys = tuple(draft.shuffled(["cls", "box", "aux", "policy", "value"])[:count])
    init, lines, last = _body(draft)
    disjoint = draft.chance(0.2)
    if not disjoint:
        lines.append(f"h = {last}")
    else:
        draft.note("disjoint outputs")
        init, lines = init[:1], []
    results = []
    for key in keys:
        init.append(f"self.{key}_head = {layer(draft, width)}")
        results.append(f"self.{key}_head({'x' if disjoint else 'h'})")
    if draft.chance(0.15):
        results[-1] = results[-1].replace("(x)", "(x.detach())").replace("(h)", "(h.detach())")
        draft.note("detach in forward")
    draft.note(f"returns {kind}")
    draft.define(_module(name, init, ["x"], [*lines, f"return {_result(draft, kind, keys, results)}"]))
    return name, Outputs(kind, keys)


def unpack(draft: Draft, outputs: Outputs, call: str) -> tuple[list[str], list[str]]:
    """Lines that call a model with several outputs, and the expressions of its outputs."""
    if outputs.kind in ("tuple", "list", "named", "stack") and draft.chance(0.7):
        names = [draft.fresh(f"{key}_out", key) for key in outputs.keys]
        return [f"{', '.join(names)} = {call}"], names
    result = draft.fresh("out", "outputs", "preds")
    match outputs.kind:
        case "dict":
            parts = [f'{result}["{key}"]' for key in outputs.keys]
        case "named" | "dataclass":
            parts = [f"{result}.{key}" for key in outputs.keys]
        case _:
            parts = [f"{result}[{number}]" for number in range(len(outputs.keys))]
    return [f"{result} = {call}"], parts


def _result(draft: Draft, kind: str, keys: tuple[str, ...], results: list[str]) -> str:
    match kind:
        case "tuple":
            return ", ".join(results)
        case "list":
            return f"[{', '.join(results)}]"
        case "stack":
            return f"torch.stack([{', '.join(results)}])"
        case "dict":
            return (
                "{"
                + ", ".join(f'"{key}": {result}' for key, result in zip(keys, results, strict=False))
                + "}"
            )
    name = draft.fresh("Output", "Prediction")
    fields = indent(f"{key}: torch.Tensor" for key in keys)
    if kind == "named":
        draft.imports.add("from typing import NamedTuple")
        draft.define([f"class {name}(NamedTuple):", *fields])
    else:
        draft.imports.add("from dataclasses import dataclass")
        draft.define(["@dataclass", f"class {name}:", *fields])
    return f"{name}({', '.join(f'{key}={result}' for key, result in zip(keys, results, strict=False))})"


def _body(draft: Draft) -> tuple[list[str], list[str], str]:
    """The `__init__` lines, the forward lines, and the expression of the forward's result."""
    init, lines, value = ["super().__init__()"], [], "x"
    if draft.chance(0.2):
        init.append("self.layers = nn.ModuleList([" + ", ".join(layer(draft) for _ in range(2)) + "])")
        lines += ["for layer in self.layers:", f"    x = {draft.pick(CALLS).format('layer(x)')}"]
        draft.note("ModuleList in forward")
    for number in range(draft.weigh({1: 3, 2: 2})):
        attribute = draft.pick(["fc", "proj", "lin", "net"]) + str(number)
        init.append(f"self.{attribute} = {_part(draft, init)}")
        value = f"self.{attribute}({value})"
        if draft.chance(0.5):
            value = draft.pick(CALLS).format(value)
        if draft.chance(0.4):
            lines.append(f"h = {value}")
            value = "h"
            lines += _twist(draft, init)
    return init, lines, value


def _part(draft: Draft, init: list[str]) -> str:
    if not init[1:] or draft.chance(0.6):
        return layer(draft)
    return draft.weigh(ACTIVATIONS).replace("inplace=True", "")


def _twist(draft: Draft, init: list[str]) -> list[str]:
    """A line or two that change `h` in a forward."""
    if draft.chance(draft.rare):
        draft.note("in-place in forward")
        return [draft.pick(["h += x", "h *= 2", "h[:, 0] = 0", "h.add_(1)", "h.clamp_(min=0)", "F.relu_(h)"])]
    options = [
        "h = h + x",
        f"h = h.view(-1, {WIDTH})",
        "h = h * 0.5",
        "h = F.dropout(h, 0.1, self.training)",
        "h = F.normalize(h, dim=-1)",
        f"h = torch.cat([h, x], dim=1)[:, :{WIDTH}]",
        "h = h - h.mean(dim=1, keepdim=True)",
        "h = h.unsqueeze(1).squeeze(1)",
    ]
    if draft.chance(0.15):
        init.append(f"self.scale = nn.Parameter(torch.ones({WIDTH}))")
        return ["h = h * self.scale"]
    if draft.chance(0.1):
        init.append("self.conv = nn.Conv1d(1, 1, 3, padding=1)")
        return ["h = self.conv(h.unsqueeze(1)).squeeze(1)"]
    if draft.chance(0.1):
        init.append(f"self.emb = nn.Embedding({CLASSES}, {WIDTH})")
        return [f"h = h + self.emb(torch.zeros({ROWS}, dtype=torch.long))"]
    return [draft.pick(options)]


def _module(name: str, init: list[str], arguments: list[str], forward: list[str]) -> list[str]:
    return [
        f"class {name}(nn.Module):",
        "    def __init__(self):",
        *indent(indent(init)),
        "",
        f"    def forward(self, {', '.join(arguments)}):",
        *indent(indent(forward)),
    ]
