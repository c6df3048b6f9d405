"""Steps that change weights, activations or flags between a forward and its walk."""

from __future__ import annotations

from .draft import WIDTH, Draft, indent
from .flags import condition
from .networks import network
from .walks import log, loss_of, optimizer, walk, zero

WRITES = (
    ("with torch.no_grad():", "    for p in {net}.parameters():", "        p.mul_(0.9)"),
    ("with torch.no_grad():", "    for p in {net}.parameters():", "        p -= 0.01 * torch.ones_like(p)"),
    ("for p in {net}.parameters():", "    p.data.mul_(0.9)"),
    ("for p in {net}.parameters():", "    p.data = p.data * 0.9"),
    ("{net}.load_state_dict({net}.state_dict())",),
    ("for p in {net}.parameters():", "    nn.init.zeros_(p)"),
    ("nn.utils.clip_grad_norm_({net}.parameters(), 1.0)",),
    ("for p in {net}.parameters():", "    p.grad = None"),
    ("{net}.train()",),
    ("{net}.zero_grad()",),
)
INPLACE = (
    "{h} += 1",
    "{h}[:, 0] = 0",
    "{h}.mul_(0.5)",
    "{h}.add_(x)",
    "{h}.clamp_(min=0)",
    "F.relu_({h})",
    "{h}.zero_()",
    "{h}.detach().zero_()",
    "{h}.data.mul_(2)",
    "{h} = {h} + 1",
    "{h} -= x",
    "{h} *= 2",
    "torch.relu_({h})",
)
MIDDLE = (
    "torch.tanh({})",
    "torch.sigmoid({})",
    "{}.exp()",
    "F.gelu({})",
    "{} * {}",
    "{} + 1",
    "{}.view(-1, 6)",
    "F.relu({})",
    "{} * 0.5",
)


def weight_writes(draft: Draft) -> list[str]:
    """Weights written between a forward and its walk, or harmlessly around them."""
    net, other = network(draft, "model", "net"), network(draft, "student", "second")
    opt = optimizer(draft, draft.pick([[net], [net, other], [other]]))
    write = [line.format(net=draft.pick([net, net, other])) for line in draft.pick(WRITES)]
    draft.note("weight write")
    z = draft.fresh("z", "out", "h")
    forward = [
        f"{z} = {other}({net}(x))" if draft.chance(0.5) else f"{z} = {net}(x)",
        f"loss = {loss_of(draft, z)}",
    ]
    end = [*walk(draft, "loss", draft.weigh({"": 5, "True": 1})), *log(draft, "loss")]
    if draft.chance(0.15):
        write = [f"if {condition(draft)}:", *indent(write)]
    match draft.weigh({"between": 3, "after": 2, "step between": 1.5, "two walks": 2}):
        case "between":
            return [zero(draft, opt), *forward, *write, *end, f"{opt}.step()"]
        case "after":
            return [zero(draft, opt), *forward, *end, f"{opt}.step()", *write]
        case "step between":
            draft.note("step before walk")
            return [*forward, f"{opt}.step()", zero(draft, opt), *end]
    second = [f"again = {loss_of(draft, z)}"]
    return [
        *forward,
        *second,
        *walk(draft, "loss", draft.pick(["True", "True", ""])),
        *write,
        *walk(draft, "again"),
        f"{opt}.step()",
    ]


def in_place(draft: Draft) -> list[str]:
    """An activation changed in place, where it is kept and where it is not."""
    net, head = network(draft, "model", "net"), network(draft, "head", "decoder")
    opt = optimizer(draft, [net, head])
    h = draft.fresh("h", "act", "z")
    template = draft.pick(INPLACE)
    change = template.format(h=h)
    draft.note("in-place " + template.format(h="h"))
    lines = [f"{h} = {draft.pick(MIDDLE).replace('{}', f'{net}(x)')}"]
    if draft.chance(0.5):
        lines = [f"{h} = {net}(x)", f"{draft.fresh('mid')} = {draft.pick(MIDDLE).replace('{}', h)}"]
    mid = lines[-1].split(" = ")[0]
    loss = [f"loss = {loss_of(draft, f'{head}({mid})' if draft.chance(0.6) else mid)}"]
    if draft.chance(0.2):
        change_lines = [f"if {condition(draft)}:", f"    {change}"]
    elif draft.chance(0.15):
        change_lines = ["with torch.no_grad():", f"    {change}"]
    else:
        change_lines = [change]
    body = [*lines, *loss, *change_lines] if draft.chance(0.5) else [*lines, *change_lines, *loss]
    return [zero(draft, opt), *body, *walk(draft, "loss"), f"{opt}.step()"]


def frozen(draft: Draft) -> list[str]:
    """A trunk frozen before or after its forward, or run under no_grad, and two walks over it."""
    trunk, head, side = (
        network(draft, "backbone", "trunk"),
        network(draft, "head_a"),
        network(draft, "head_b"),
    )
    opt = optimizer(draft, [head, side] if draft.chance(0.7) else [trunk, head, side])
    z = draft.fresh("z", "feats", "h")
    forward = [f"{z} = {trunk}(x)"]
    freeze = draft.pick(
        [
            [f"for p in {trunk}.parameters():", "    p.requires_grad = False"],
            [f"{trunk}.requires_grad_(False)"],
            [f"for p in {trunk}.parameters():", "    p.requires_grad_(False)"],
            [f"{trunk}.eval().requires_grad_(False)"],
        ]
    )
    where = draft.weigh(
        {"set-up": 3, "before": 2, "after": 2, "no_grad": 2, "flag": 2, "eval": 1, "decorator": 1}
    )
    draft.note(f"frozen {where}")
    match where:
        case "set-up":
            draft.setup += freeze
        case "before":
            forward = [*freeze, *forward]
        case "after":
            forward = [
                *forward,
                *freeze,
                *(f"{trunk}.requires_grad_(True)" for _ in range(draft.pick([0, 1]))),
            ]
        case "no_grad":
            forward = [
                f"with torch.{draft.pick(['no_grad()', 'set_grad_enabled(False)'])}:",
                *indent(forward),
            ]
        case "flag":
            forward = [f"with torch.set_grad_enabled({condition(draft)}):", *indent(forward)]
        case "eval":
            forward = [f"{trunk}.eval()", *forward]
        case _:
            name = draft.fresh("extract", "embed")
            draft.define(["@torch.no_grad()", f"def {name}(net, x):", "    return net(x)"])
            forward = [f"{z} = {name}({trunk}, x)"]
    first, second = loss_of(draft, f"{head}({z})"), loss_of(draft, f"{side}({z})")
    retain = draft.weigh({"": 4, "True": 1})
    lines = [
        *forward,
        f"loss1 = {first}",
        f"loss2 = {second}",
        *walk(draft, "loss1", retain),
        *walk(draft, "loss2"),
    ]
    return [zero(draft, opt), *lines, f"{opt}.step()"]


def wrong_roots(draft: Draft) -> list[str]:
    """Walks from tensors that are no loss: not a scalar, without a graph, cut on the way."""
    net, head = network(draft, "model", "net"), network(draft, "head")
    opt = optimizer(draft, [net, head])
    z = draft.fresh("z", "out")
    root = draft.weigh(
        {
            f"{z}": 2,
            f"{z}.mean(dim=1)": 1.5,
            f"{z}.sum()": 2,
            f"{z}[0, 0]": 1,
            f"F.cross_entropy({z}, y, reduction='none')": 1.5,
            f"{z}.detach().mean()": 0.7,
            f"{z}[:1, :1]": 0.7,
            f"{z}.mean(dim=1).sum()": 1,
            f"{z}.pow(2).mean(0, keepdim=True)": 1,
        }
    )
    draft.note("root " + root.replace(z, "z"))
    gradient = draft.weigh({"": 4, f"torch.ones_like({root})": 1.5, "None": 0.4})
    if draft.chance(0.15):
        root = f"({root} if {condition(draft)} else {z}.mean())"
        gradient = ""
    return [
        zero(draft, opt),
        f"{z} = {head}({net}(x))",
        f"loss = {root}",
        f"loss.backward({gradient})",
        f"{opt}.step()",
    ]


def closures(draft: Draft) -> list[str]:
    """An optimizer that calls a closure, with the forward inside or (wrongly) outside it."""
    # LBFGS calls its closure once only where the first gradient is nearly zero: this net is far from that.
    net = draft.persist(
        draft.pick(["model", "net"]),
        f"nn.Sequential(nn.Linear({WIDTH}, {WIDTH}), nn.Tanh(), nn.Linear({WIDTH}, 3))",
    )
    opt = draft.persist(
        "opt", f"torch.optim.{draft.pick(['LBFGS', 'LBFGS', 'SGD'])}({net}.parameters(), lr=0.1)"
    )
    if "LBFGS" in draft.setup[-1]:
        draft.setup[-1] = draft.setup[-1][:-1] + ", max_iter=2)"
    inside = draft.chance(0.65)
    draft.note("closure " + ("fresh" if inside else "stale"))
    forward = [f"out = {net}(x)"]
    value = draft.pick(
        ["F.cross_entropy(out, y)", "(out - 1.0).pow(2).sum()", "F.mse_loss(out, torch.ones_like(out))"]
    )
    body = [f"{opt}.zero_grad()", f"loss = {value}", "loss.backward()", "return loss"]
    if inside:
        return ["def closure():", *indent([*forward, *body]), "", f"{opt}.step(closure)"]
    return [*forward, "def closure():", *indent(body), "", f"{opt}.step(closure)"]


def exclusive(draft: Draft) -> list[str]:
    """Branches that exclude each other, correlated or not, each with a walk over one trunk."""
    net, head = network(draft, "model", "net"), network(draft, "head")
    opt = optimizer(draft, [net, head])
    z = draft.fresh("z", "h", "out")
    first, second = condition(draft), condition(draft)
    one = [f"loss_a = {loss_of(draft, z)}", *walk(draft, "loss_a", draft.weigh({"": 4, "True": 1}))]
    two = [f"loss_b = {loss_of(draft, f'{head}({z})')}", *walk(draft, "loss_b")]
    lines = [zero(draft, opt), f"{z} = torch.tanh({net}(x))"]
    end = [f"{opt}.step()"]
    shape = draft.weigh({"else": 3, "two ifs": 4, "leave": 2, "rebind": 2, "try": 1.2, "variable": 2})
    draft.note(f"exclusive {shape}")
    match shape:
        case "else":
            return [*lines, f"if {first}:", *indent(one), "else:", *indent(two), *end]
        case "two ifs":
            return [*lines, f"if {first}:", *indent(one), f"if {second}:", *indent(two), *end]
        case "leave":
            return [*lines, f"if {first}:", *indent([*one, f"{opt}.step()", "¤"]), *two, *end]
        case "rebind":
            again = f"{z} = torch.tanh({net}(x))"
            return [*lines, *one, f"if {first}:", f"    {again}", *two, *end]
        case "try":
            draft.note("try")
            return [
                *lines,
                *one,
                "try:",
                *indent(two),
                "except RuntimeError as error:",
                "    print(str(error)[:40])",
                *end,
            ]
    cut = draft.pick([f"{z}.detach()", f"{z}.detach().requires_grad_()"])
    lines += [f"source = {cut} if {first} else {z}", f"loss_b = {loss_of(draft, f'{head}(source)')}"]
    return [*lines, *walk(draft, "loss_b"), f"loss_a = {loss_of(draft, z)}", *walk(draft, "loss_a"), *end]
