"""Steps without a plan: forwards, losses, walks, steps, cuts, writes, loops and branches in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .draft import ROWS, WIDTH, Draft, indent
from .flags import condition
from .hazards import INPLACE
from .networks import network
from .walks import log, loss_of, optimizer, walk, zero

UNARY = (
    "torch.tanh({0})",
    "F.relu({0})",
    "{0} * 2",
    "{0}.view(-1, 6)",
    "{0} + 1",
    "{0}.clone()",
    "{0}.exp()",
    "{0}.detach()",
    "torch.cat([{0}, {0}], dim=0)[:4]",
    "{0}.t().t()",
    "{0}.chunk(2, dim=0)[0].repeat(2, 1)",
    "-{0}",
    "F.normalize({0}, dim=1)",
)
BINARY = (
    "{0} + {1}",
    "{0} * {1}",
    "{0} - {1}",
    "torch.maximum({0}, {1})",
    "torch.stack([{0}, {1}]).mean(0)",
    "{0} + {1}.detach()",
    "torch.where({0} > 0, {0}, {1})",
    "0.5 * {0} + {1}",
)


@dataclass(frozen=True)
class Scope:
    """The names that hold something where the next statement stands."""

    nets: tuple[str, ...]
    opts: tuple[str, ...]
    feats: tuple[str, ...]
    losses: tuple[str, ...] = ()
    walked: frozenset[str] = frozenset()
    depth: int = 0

    def value(self, draft: Draft) -> str:
        """A tensor of (ROWS, WIDTH): one of the latest, mostly."""
        return draft.pick(self.feats[-3:]) if draft.chance(0.8) else draft.pick(self.feats)


def soup(draft: Draft) -> list[str]:
    """Statements in random order over two or three networks."""
    nets = tuple(network(draft, "net", "model", "trunk", "head", "proj") for _ in range(draft.pick([2, 3])))
    opts = [optimizer(draft, draft.pick([nets, nets[:1], nets[1:]]), "opt")]
    if draft.chance(0.4):
        opts.append(optimizer(draft, [draft.pick(nets)], "opt_b"))
    feats: tuple[str, ...] = ("x",)
    if draft.chance(0.2):
        feats = (draft.persist("state", f"torch.zeros({ROWS}, {WIDTH})", carried=True), "x")
        draft.note("soup state")
    lines, scope = _feature(draft, Scope(nets, tuple(opts), feats), calls_net=True)
    more, scope = _loss(draft, scope)
    rest, scope = _block(draft, scope, draft.rng.randrange(4, 10))
    return [*lines, *more, *rest, *_end(draft, scope)]


def _end(draft: Draft, scope: Scope) -> list[str]:
    lines = [] if draft.chance(0.4) else walk(draft, scope.losses[-1])
    return [*lines, *(f"{opt}.step()" for opt in scope.opts if draft.chance(0.5))]


def _block(draft: Draft, scope: Scope, size: int) -> tuple[list[str], Scope]:
    lines: list[str] = []
    for _ in range(size):
        more, scope = _statement(draft, scope)
        lines += more
    return lines, scope


def _statement(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    weights = {
        "feature": 5.0,
        "loss": 4.0,
        "walk": 3.0,
        "step": 0.9,
        "zero": 1.2,
        "in-place": 0.25,
        "write": 0.25,
        "log": 0.5,
        "grad": 0.3,
        "inputs": 0.25,
        "ternary": 0.4,
        "container": 0.5,
        "bag": 0.35,
        "inner": 0.3,
        "try": 0.2,
    }
    if scope.depth < 2:
        weights |= {"for": 0.9, "if": 1.3, "no_grad": 0.2}
    kind = draft.weigh(weights)
    match kind:
        case "feature":
            return _feature(draft, scope)
        case "loss":
            return _loss(draft, scope)
        case "walk":
            new = [loss for loss in scope.losses if loss not in scope.walked]
            loss = draft.pick(new[-2:] if new and draft.chance(0.8) else scope.losses[-3:])
            lines = walk(draft, loss, draft.weigh({"": 2, "True": 2.2, "False": 0.1}))
            return lines, replace(scope, walked=scope.walked | {loss})
        case "step":
            return [f"{draft.pick(scope.opts)}.step()"], scope
        case "zero":
            return [zero(draft, draft.pick(scope.opts))], scope
        case "in-place":
            return [draft.pick(INPLACE).format(h=scope.value(draft))], scope
        case "write":
            return [
                "with torch.no_grad():",
                f"    for p in {draft.pick(scope.nets)}.parameters():",
                "        p.mul_(0.9)",
            ], scope
        case "log":
            return log(draft, scope.losses[-1]), scope
        case "grad":
            return _grad(draft, scope)
        case "inputs":
            draft.note("walk inputs=")
            kept = draft.weigh({"": 1, ", retain_graph=True": 2})
            net = f"list({draft.pick(scope.nets)}.parameters())"
            return [f"{draft.pick(scope.losses[-2:])}.backward(inputs={net}{kept})"], scope
        case "ternary":
            name, test = draft.fresh("h", "z", "src"), condition(draft)
            line = f"{name} = {scope.value(draft)} if {test} else {scope.value(draft)}"
            return [line], replace(scope, feats=(*scope.feats, name))
        case "container":
            return _container(draft, scope)
        case "bag":
            return _bag(draft, scope)
        case "inner":
            return _inner(draft, scope)
        case "try":
            draft.note("try")
            body = walk(draft, draft.pick(scope.losses[-2:]))
            return ["try:", *indent(body), "except RuntimeError:", "    pass"], scope
        case "for":
            return _for(draft, scope)
        case "if":
            return _if(draft, scope)
    inner, _ = _feature(draft, scope, rebind=draft.chance(0.4))
    name = inner[-1].split(" = ")[0]
    return ["with torch.no_grad():", *indent(inner)], replace(scope, feats=(*scope.feats, name))


def _feature(
    draft: Draft, scope: Scope, calls_net: bool = False, rebind: bool | None = None
) -> tuple[list[str], Scope]:
    if calls_net or draft.chance(0.55):
        value = f"{draft.pick(scope.nets)}({scope.value(draft)})"
    elif draft.chance(0.5):
        value = draft.pick(UNARY).format(scope.value(draft))
    else:
        value = draft.pick(BINARY).format(scope.value(draft), scope.value(draft))
    again = draft.chance(0.25) if rebind is None else rebind
    if again and scope.feats[-1] != "x":
        return [f"{scope.feats[-1]} = {value}"], scope
    name = draft.fresh("h", "z", "a", "out", "feat")
    return [f"{name} = {value}"], replace(scope, feats=(*scope.feats, name))


def _loss(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    value = loss_of(draft, scope.value(draft))
    if scope.losses and draft.chance(0.3):
        old = draft.pick(scope.losses[-2:])
        if draft.chance(0.4):
            return [draft.pick([f"{old} = {old} + {value}", f"{old} += {value}"])], scope
        value = draft.pick([f"{old} + {value}", f"{value} - 0.1 * {old}", f"{value} * {old}.detach()"])
    name = draft.fresh("loss", "loss_a", "term", "l")
    return [f"{name} = {value}"], replace(scope, losses=(*scope.losses, name))


def _grad(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    draft.note("autograd.grad")
    loss, net = draft.pick(scope.losses[-2:]), draft.pick(scope.nets)
    name = draft.fresh("g", "grads")
    options = draft.weigh({"": 1, ", retain_graph=True": 3, ", create_graph=True": 1.5})
    lines = [f"{name} = torch.autograd.grad({loss}, list({net}.parameters()), allow_unused=True{options})"]
    if "create" in options:
        lines.append(f"{loss} = {loss} + sum(p.pow(2).sum() for p in {name} if p is not None)")
    return lines, scope


def _for(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    index = draft.fresh("i", "k", "j")
    if draft.chance(0.3):
        net = draft.fresh("branch", "one")
        nets = draft.shuffled(scope.nets)[:2]
        body, inner = _block(
            draft, replace(scope, nets=(*scope.nets, net), depth=scope.depth + 1), draft.pick([1, 2, 3])
        )
        header = draft.pick(
            [f"for {net} in [{', '.join(nets)}]:", f"for {index}, {net} in enumerate(({', '.join(nets)})):"]
        )
        return [header, *indent(body or ["pass"])], replace(inner, nets=scope.nets, depth=scope.depth)
    draft.note("loop range")
    body, inner = _block(draft, replace(scope, depth=scope.depth + 1), draft.pick([1, 2, 3]))
    if draft.chance(0.12):
        body += [f"if {index} == {draft.pick([0, 1])}:", f"    {draft.pick(['break', 'continue'])}"]
    count = draft.pick([1, 2, 2, 3])
    return [f"for {index} in range({count}):", *indent(body or ["pass"])], replace(inner, depth=scope.depth)


def _if(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    test = (
        condition(draft) if draft.chance(0.8) else f"step {draft.pick(['== 0', '% 2 == 0', '> 0', '!= 1'])}"
    )
    inside = replace(scope, depth=scope.depth + 1)
    body, _ = _block(draft, inside, draft.pick([1, 2]))
    if draft.chance(0.1):
        body.append("¤")
    lines = [f"if {test}:", *indent(body or ["pass"])]
    if draft.chance(0.4):
        other, _ = _block(draft, inside, draft.pick([1, 2]))
        lines += ["else:", *indent(other or ["pass"])]
    return lines, scope


def _container(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    """Tensors put into a dict, a tuple or a list, and taken out again."""
    first, second = scope.value(draft), scope.value(draft)
    name = draft.fresh("outs", "parts", "store")
    draft.note("soup container")
    match draft.pick(["dict", "tuple", "list", "items"]):
        case "dict":
            lines, taken = [f'{name} = {{"a": {first}, "b": {second}}}'], [f'{name}["a"]', f'{name}["b"]']
        case "tuple":
            taken = [draft.fresh("left", "p"), draft.fresh("right", "q")]
            lines = [f"{name} = {first}, {second}", f"{', '.join(taken)} = {name}"]
        case "list":
            lines, taken = [f"{name} = [{first}]", f"{name}.append({second})"], [f"{name}[0]", f"{name}[1]"]
        case _:
            total = draft.fresh("mix", "pooled")
            lines = [f'{name} = {{"a": {first}, "b": {second}}}', f"{total} = 0"]
            lines += [f"for key, value in {name}.items():", f"    {total} = {total} + value"]
            taken = [total]
    return lines, replace(scope, feats=(*scope.feats, *taken))


def _bag(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    """Some losses put into a list and walked from there."""
    name, count = draft.fresh("bag", "losses"), min(len(scope.losses), draft.pick([1, 2, 2]))
    chosen = scope.losses[-count:]
    draft.note("soup bag")
    kept = draft.weigh({"": 2, "True": 2, f"i < {count - 1}": 1.5, f"i < len({name}) - 1": 1})
    body = [f"for i, loss in enumerate({name}):", *indent(walk(draft, "loss", kept))]
    if draft.chance(0.3):
        body = walk(draft, f"sum({name})", draft.weigh({"": 1, "True": 1}))
    return [f"{name} = [{', '.join(chosen)}]", *body], scope


def _inner(draft: Draft, scope: Scope) -> tuple[list[str], Scope]:
    """A lambda or an inner function that runs a network, called once or twice."""
    name, net, extra = draft.fresh("run", "apply", "embed"), draft.pick(scope.nets), scope.value(draft)
    draft.note("soup inner function")
    lines = draft.pick(
        [
            [f"{name} = lambda v: {net}(v)"],
            [f"{name} = lambda v, scale=2.0: {net}(v) * scale"],
            [f"def {name}(v):", f"    return torch.tanh({net}(v)) + {extra}", ""],
        ]
    )
    made = [draft.fresh("h", "z", "u") for _ in range(draft.pick([1, 2]))]
    lines = [*lines, *(f"{one} = {name}({scope.value(draft)})" for one in made)]
    return lines, replace(scope, feats=(*scope.feats, *made))
