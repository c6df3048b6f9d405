"""Trunks with heads, in every way that programs store them."""

from __future__ import annotations

from dataclasses import dataclass

from .draft import CLASSES, WIDTH, Draft, indent
from .networks import construction, network


@dataclass(frozen=True)
class Heads:
    """The call of a trunk, an iterable of its heads, the call of each head, the names of the modules."""

    trunk: str
    iterable: str
    named: tuple[str, ...]
    owners: tuple[str, ...]


def heads_of(draft: Draft) -> Heads:
    """A trunk and two or three heads: objects of their own, a list, or parts of one model."""
    count = draft.weigh({2: 4, 3: 2})
    wide = draft.pick([WIDTH, CLASSES])
    made = [construction(draft, wide) for _ in range(count)]
    names = draft.shuffled(["a", "b", "cls", "box", "seg"])[:count]
    match draft.weigh({"separate": 3, "model": 5, "list": 2}):
        case "separate":
            trunk = network(draft, "trunk", "encoder", "backbone", "shared")
            heads = tuple(draft.persist(f"head_{name}", one) for name, one in zip(names, made, strict=False))
            listed = draft.pick(["[{}]", "({})"]).format(", ".join(heads))
            return Heads(f"{trunk}(x)", listed, tuple(f"{head}({{}})" for head in heads), (trunk, *heads))
        case "list":
            trunk = network(draft, "trunk", "encoder", "backbone")
            heads_name = draft.persist("heads", f"nn.ModuleList([{', '.join(made)}])")
            named = tuple(f"{heads_name}[{number}]({{}})" for number in range(count))
            return Heads(f"{trunk}(x)", heads_name, named, (trunk, heads_name))
    return _model(draft, names, made)


def _model(draft: Draft, names: list[str], made: list[str]) -> Heads:
    """A model class that owns its trunk and its heads."""
    name = draft.fresh("Model", "MultiHead", "Net")
    init = ["super().__init__()", f"self.trunk = {construction(draft)}"]
    store = draft.weigh({"ModuleList": 3, "ModuleDict": 3, "attributes": 2})
    draft.note(f"heads in {store}")
    model = draft.persist("model", f"{name}()")
    if store == "ModuleList":
        init.append(f"self.heads = nn.ModuleList([{', '.join(made)}])")
        iterable = f"{model}.heads"
        named = [f"{model}.heads[{number}]({{}})" for number in range(len(made))]
    elif store == "ModuleDict":
        entries = ", ".join(f'"{key}": {one}' for key, one in zip(names, made, strict=False))
        init.append(f"self.heads = nn.ModuleDict({{{entries}}})")
        iterable = f"{model}.heads.values()"
        named = [f'{model}.heads["{key}"]({{}})' for key in names]
    else:
        init += [f"self.head_{key} = {one}" for key, one in zip(names, made, strict=False)]
        iterable = f"[{', '.join(f'{model}.head_{key}' for key in names)}]"
        named = [f"{model}.head_{key}({{}})" for key in names]
    methods, trunk = _trunk_access(draft, model)
    definition = [f"class {name}(nn.Module):", *indent(["def __init__(self):", *indent(init), "", *methods])]
    draft.define(definition)
    return Heads(trunk, iterable, tuple(named), (model,))


def _trunk_access(draft: Draft, model: str) -> tuple[list[str], str]:
    match draft.weigh({"attribute": 3, "method": 2, "forward": 3, "property": 1}):
        case "attribute":
            return ["def forward(self, x):", "    return self.trunk(x)"], f"{model}.trunk(x)"
        case "method":
            return ["def features(self, x):", "    return torch.tanh(self.trunk(x))"], f"{model}.features(x)"
        case "property":
            draft.note("property")
            return ["@property", "def encoder(self):", "    return self.trunk"], f"{model}.encoder(x)"
    return ["def forward(self, x):", "    h = self.trunk(x)", "    return h"], f"{model}(x)"
