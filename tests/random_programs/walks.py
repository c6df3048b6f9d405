"""Losses, backward calls in all their forms, optimizers and their calls."""

from __future__ import annotations

from collections.abc import Sequence

from .draft import CLASSES, ROWS, WIDTH, Draft, indent

LOSSES = {
    "{0}.pow(2).mean()": 3.0,
    "{0}.sum()": 1.0,
    "{0}.mean()": 1.5,
    "F.cross_entropy({0}, y)": 4.0,
    "F.mse_loss({0}, torch.zeros_like({0}))": 3.0,
    "{0}.abs().mean()": 1.0,
    "({0} - 1.0).pow(2).sum()": 1.0,
    "torch.logsumexp({0}, dim=1).mean()": 0.7,
    "-F.log_softmax({0}, dim=-1)[:, 0].mean()": 1.0,
    "{0}.norm()": 0.5,
    "criterion({0}, y)": 1.5,
}
RATES = ("0.01", "1e-3", "0.1")


def loss_of(draft: Draft, value: str, scale: bool = True) -> str:
    """An expression for a loss of a (ROWS, >= CLASSES) tensor."""
    if draft.chance(0.12):
        return f"{_loss_function(draft)}({value}, y)"
    template = draft.weigh(LOSSES)
    while template.count("{0}") > 1 and "(" in value:
        template = draft.weigh(LOSSES)
    if template.startswith("criterion"):
        if "§criterion" not in " ".join(draft.setup):
            draft.taken.add("criterion")
            draft.persistent.append("criterion")
            draft.setup.append("§criterion = nn.CrossEntropyLoss()")
        template = "§" + template
    expression = template.format(value)
    if scale and draft.chance(0.12):
        return draft.pick([f"0.5 * {expression}", f"{expression} / 2", f"{expression} * 0.1"])
    return expression


def _loss_function(draft: Draft) -> str:
    draft.note("loss helper")
    existing = [lines[0][4:].split("(")[0] for lines in draft.definitions if "(out, target):" in lines[0]]
    if existing and draft.chance(0.6):
        return draft.pick(existing)
    name = draft.fresh("compute_loss", "loss_fn", "objective")
    bodies = [
        ["return F.cross_entropy(out, target)"],
        ["weight = 0.5", "return weight * F.cross_entropy(out, target)"],
        ["loss = out.pow(2).mean()", "loss = loss + F.nll_loss(out.log_softmax(1), target)", "return loss"],
        [f"onehot = F.one_hot(target, {WIDTH})[:, : out.shape[1]].float()", "return F.mse_loss(out, onehot)"],
        ["return sum(row.mean() for row in out)"],
    ]
    draft.define([f"def {name}(out, target):", *indent(draft.pick(bodies))])
    return name


def walk(draft: Draft, loss: str, retain: str = "") -> list[str]:
    """Lines that walk `loss`; `retain` is "", "True" or an expression."""
    if retain:
        draft.note("retain " + (retain if retain in ("True", "False") else "expression"))
    form = draft.weigh(
        {
            "method": 10,
            "positional": 0.5,
            "module": 1.2,
            "list": 1,
            "helper": 1.6,
            "gradient": 0.5,
            "bound": 0.7,
        }
    )
    atom = (
        loss if loss.replace("_", "").replace("§", "").isalnum() or loss.endswith((")", "]")) else f"({loss})"
    )
    if atom.startswith(("-", "0.")) or any(sign in loss for sign in (" + ", " * ", " / ")):
        atom = f"({loss})"
    keyword = f"retain_graph={retain}" if retain else ""
    draft.note(f"walk {form}")
    match form:
        case "positional":
            return [f"{atom}.backward(None, {retain})" if retain else f"{atom}.backward(None)"]
        case "module":
            return [f"torch.autograd.backward({', '.join(filter(None, [loss, keyword]))})"]
        case "list":
            return [f"torch.autograd.backward({', '.join(filter(None, [f'[{loss}]', keyword]))})"]
        case "gradient":
            gradient = f"gradient=torch.ones_like({loss})"
            return [f"{atom}.backward({', '.join(filter(None, [gradient, keyword]))})"]
        case "helper":
            return _walk_helper(draft, loss, retain)
        case "bound":
            return _bound(draft, loss, keyword)
    if not retain and draft.chance(0.04):
        draft.note("create_graph")
        return [f"{atom}.backward(create_graph=True)"]
    if retain and draft.chance(0.08) and retain == "True":
        flag = draft.fresh("keep", "retain")
        return [f"{flag} = True", f"{atom}.backward(retain_graph={flag})"]
    return [f"{atom}.backward({keyword})"]


def _bound(draft: Draft, loss: str, keyword: str) -> list[str]:
    """The walk through a partial, a lambda, a bound method, a name from a dict or keyword arguments."""
    name = draft.fresh("go", "back", "call")
    rest = f", {keyword}" if keyword else ""
    kind = draft.pick(["partial", "lambda", "method", "getattr", "options"])
    draft.note(f"walk by {kind}")
    match kind:
        case "partial":
            draft.imports.add("import functools")
            return [f"{name} = functools.partial(torch.autograd.backward{rest})", f"{name}({loss})"]
        case "lambda":
            return [f"{name} = lambda value: value.backward({keyword})", f"{name}({loss})"]
        case "method":
            return [f"{name} = ({loss}).backward", f"{name}({keyword})"]
        case "getattr":
            return [f'getattr({loss}, "backward")({keyword})']
    return [f"{name} = dict({keyword})", f"({loss}).backward(**{name})"]


def _walk_helper(draft: Draft, loss: str, retain: str) -> list[str]:
    helpers = [
        lines for lines in draft.definitions if lines[0].startswith(("def run_", "def backprop", "def do_"))
    ]
    if helpers and draft.chance(0.7):
        head = draft.pick(helpers)[0]
        name = head[4:].split("(")[0]
    else:
        name = draft.fresh("run_backward", "backprop", "do_walk")
        bodies = [
            ["loss.backward(retain_graph=retain)"],
            ["if retain:", "    loss.backward(retain_graph=True)", "else:", "    loss.backward()"],
            ["options = {'retain_graph': retain}", "loss.backward(**options)"],
            ["torch.autograd.backward(loss, retain_graph=retain)", "return loss.item()"],
            ["for part in [loss]:", "    part.backward(retain_graph=retain)"],
        ]
        draft.define([f"def {name}(loss, retain=False):", *indent(draft.pick(bodies))])
    if not retain:
        return [f"{name}({loss})"]
    return [f"{name}({loss}, {retain})" if draft.chance(0.5) else f"{name}({loss}, retain={retain})"]


def optimizer(draft: Draft, nets: Sequence[str], *bases: str) -> str:
    """A persistent optimizer over the parameters of the networks; its name."""
    kind = draft.weigh({"SGD": 4, "Adam": 3, "AdamW": 1, "momentum": 1, "foreach": 0.4})
    if len(nets) == 1:
        trainable = f"[p for p in {nets[0]}.parameters() if p.requires_grad]"
        parameters = trainable if draft.chance(0.08) else f"{nets[0]}.parameters()"
    elif draft.chance(0.5):
        parameters = " + ".join(f"list({net}.parameters())" for net in nets)
    elif draft.chance(0.5):
        draft.imports.add("import itertools")
        parameters = f"itertools.chain({', '.join(f'{net}.parameters()' for net in nets)})"
    else:
        parameters = f"[p for net in ({', '.join(nets)}) for p in net.parameters()]"
    if draft.chance(0.08):
        groups = ", ".join(f'{{"params": {net}.parameters(), "lr": 0.01}}' for net in nets)
        parameters = f"[{groups}]"
    rate = f"lr={draft.pick(RATES)}"
    extra = {"momentum": ", momentum=0.9", "foreach": ", foreach=True"}.get(kind, "")
    maker = kind if kind in ("Adam", "AdamW") else "SGD"
    base = draft.pick(bases or ("opt", "optimizer", "optim"))
    return draft.persist(base, f"torch.optim.{maker}({parameters}, {rate}{extra})")


def zero(draft: Draft, name: str) -> str:
    """A zero_grad call of an optimizer (or a module)."""
    return f"{name}.zero_grad({draft.weigh({'': 6, 'set_to_none=True': 1, 'set_to_none=False': 1})})"


def log(draft: Draft, loss: str) -> list[str]:
    """A line that reads a loss without touching its graph, or none."""
    if not draft.chance(0.35):
        return []
    draft.note("logging")
    return [
        draft.pick([f"print({loss}.item())", f"value = float({loss})", f"print('loss', {loss}.detach())"])
    ]


def data(draft: Draft) -> list[str]:
    """Lines that make the tensors `x` and `y` of one step."""
    x = draft.weigh(
        {f"torch.randn({ROWS}, {WIDTH})": 6, f"torch.rand({ROWS}, {WIDTH}, requires_grad=True)": 0.6}
    )
    return [f"x = {x}", f"y = torch.randint(0, {CLASSES}, ({ROWS},))"]
