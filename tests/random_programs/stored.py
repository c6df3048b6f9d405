"""Steps whose graph values travel through attributes, hooks, records, generators and loss objects."""

from __future__ import annotations

from .draft import CLASSES, WIDTH, Draft, indent
from .flags import condition
from .networks import construction, layer, network
from .walks import log, loss_of, optimizer, walk, zero


def cached_features(draft: Draft) -> list[str]:
    """A model that keeps the features of its last forward in an attribute, used by a second loss."""
    name = draft.fresh("Caching", "WithFeatures", "Net")
    hooked = draft.chance(0.3)
    keep = draft.weigh({"h": 4, "h.detach()": 1.5, "h.clone()": 0.7})
    init = [
        "super().__init__()",
        f"self.body = {layer(draft)}",
        f"self.out = {layer(draft, CLASSES)}",
        "self.last = None",
    ]
    forward = ["h = torch.tanh(self.body(x))", f"self.last = {keep}", "return self.out(h)"]
    if hooked:
        draft.note("forward hook")
        init.append("self.body.register_forward_hook(self.remember)")
        forward = ["return self.out(torch.tanh(self.body(x)))"]
        kept = keep.replace("h", "output", 1)
        hook = ["", "def remember(self, module, inputs, output):", f"    self.last = {kept}"]
    else:
        hook = []
    methods = ["def __init__(self):", *indent(init), "", "def forward(self, x):", *indent(forward), *hook]
    draft.define([f"class {name}(nn.Module):", *indent(methods)])
    model = draft.persist("model", f"{name}()")
    opt = optimizer(draft, [model])
    first = [f"out = {model}(x)", f"loss1 = {loss_of(draft, 'out')}"]
    second = [f"loss2 = {loss_of(draft, f'{model}.last')}"]
    retain = draft.weigh({"": 2, "True": 2})
    draft.note("cached features")
    match draft.weigh({"both": 3, "sum": 2, "stale": 2}):
        case "both":
            body = [*first, *second, *walk(draft, "loss1", retain), *walk(draft, "loss2")]
        case "sum":
            body = [*first, *second, *walk(draft, "(loss1 + loss2)")]
        case _:
            draft.note("stale cache")
            guard = [
                f"if {model}.last is not None:",
                f"    loss1 = loss1 + ({model}.last - 1.0).pow(2).mean()",
            ]
            old = [f"loss1 = {loss_of(draft, f'{model}(x)')}"] if draft.chance(0.5) else first
            body = [*guard, *walk(draft, "loss1", retain)]
            body = [
                "loss1 = 0.0",
                *body[:2],
                *old[:-1],
                old[-1].replace("loss1 =", "loss1 = loss1 +"),
                *body[2:],
            ]
    return [zero(draft, opt), *body, f"{opt}.step()"]


def loss_objects(draft: Draft) -> list[str]:
    """Losses that come out of an object: a model's own loss method, a loss module with weights, a record."""
    name = draft.fresh("Task", "Learner", "Wrapped")
    init = [
        "super().__init__()",
        f"self.trunk = {construction(draft)}",
        f"self.a = {layer(draft)}",
        f"self.b = {layer(draft)}",
    ]
    share = draft.chance(0.5)
    body = ["h = self.trunk(x)"]
    value_a, value_b = loss_of_in_class(draft, "self.a(h)"), loss_of_in_class(draft, "self.b(h)")
    kind = draft.weigh({"record": 2, "pair": 3, "two methods": 3, "generator": 2})
    draft.note(f"loss object {kind}")
    forward = ["def forward(self, x):", "    return self.trunk(x)", ""]
    model_name = draft.fresh("model", "task")
    draft.persistent.append(model_name)
    draft.setup.append(f"§{model_name} = {name}()")
    model = f"§{model_name}"
    if kind == "two methods":
        again = "h" if share else "x"
        methods = [
            f"def loss_a(self, {again}):",
            *indent([*([] if share else body), f"return {value_a}"]),
            "",
        ]
        methods += [f"def loss_b(self, {again}):", *indent([*([] if share else body), f"return {value_b}"])]
        lines = [f"h = {model}(x)"] if share else []
        argument = "h" if share else "x"
        losses = [f"{model}.loss_a({argument})", f"{model}.loss_b({argument})"]
        lines += [f"loss1 = {losses[0]}", f"loss2 = {losses[1]}"]
        walks = [*walk(draft, "loss1", draft.weigh({"": 3, "True": 1})), *walk(draft, "loss2")]
    elif kind == "generator":
        turn = [f"yield {value_a}", f"yield {value_b}"]
        inside = draft.chance(0.4)
        methods = ["def losses(self, x):", *indent([*body, turn[0], *(body if inside else []), turn[1]])]
        lines = [f"for loss in {model}.losses(x):"]
        walks = indent([*walk(draft, "loss", draft.weigh({"": 3, "True": 1})), *log(draft, "loss")])
    elif kind == "record":
        draft.imports.add("from dataclasses import dataclass")
        record = draft.fresh("Losses", "Terms")
        total = ["", "@property", "def total(self):", "    return self.first + self.second"]
        draft.define(
            [
                "@dataclass",
                f"class {record}:",
                *indent(["first: torch.Tensor", "second: torch.Tensor", *total]),
            ]
        )
        methods = ["def losses(self, x):", *indent([*body, f"return {record}({value_a}, {value_b})"])]
        lines = [f"terms = {model}.losses(x)"]
        apart = [*walk(draft, "terms.first", draft.weigh({"": 2, "True": 2})), *walk(draft, "terms.second")]
        walks = walk(draft, "terms.total") if draft.chance(0.4) else apart
    else:
        methods = ["def losses(self, x):", *indent([*body, f"return {value_a}, {value_b}"])]
        lines = [f"first, second = {model}.losses(x)"]
        walks = [*walk(draft, "first", draft.weigh({"": 2, "True": 2})), *walk(draft, "second")]
        if draft.chance(0.3):
            walks = walk(draft, "(first + second)")
    draft.define(
        [f"class {name}(nn.Module):", *indent(["def __init__(self):", *indent(init), "", *forward, *methods])]
    )
    opt = optimizer(draft, [model])
    return [zero(draft, opt), *lines, *walks, f"{opt}.step()"]


def loss_of_in_class(draft: Draft, value: str) -> str:
    """A loss expression that needs nothing but its value."""
    return draft.pick(
        ["{}.pow(2).mean()", "{}.mean()", "{}.abs().sum()", "-F.log_softmax({}, dim=-1)[:, 0].mean()"]
    ).format(value)


def shared_modules(draft: Draft) -> list[str]:
    """Two models that share a trunk object, a copy of one, or nothing: one forward each."""
    name = draft.fresh("Tower", "Branch")
    init = [
        "def __init__(self, trunk):",
        *indent(["super().__init__()", "self.trunk = trunk", f"self.top = {layer(draft)}"]),
    ]
    forward = ["", "def forward(self, x):", "    return self.top(torch.tanh(self.trunk(x)))"]
    draft.define([f"class {name}(nn.Module):", *indent([*init, *forward])])
    trunk = network(draft, "base", "common")
    how = draft.weigh({"same": 3, "copy": 1})
    draft.note(f"towers {how}")
    given = trunk
    if how == "copy":
        draft.imports.add("import copy")
        given = f"copy.deepcopy({trunk})"
    left, right = draft.persist("left", f"{name}({trunk})"), draft.persist("right", f"{name}({given})")
    opts = [optimizer(draft, [left], "opt_left"), optimizer(draft, [right], "opt_right")]
    if draft.chance(0.3):
        opts = opts[:1] * 2
    one, two = loss_of(draft, f"{left}(x)"), loss_of(draft, f"{right}(x)")
    retain = draft.weigh({"": 3, "True": 1})
    first = [zero(draft, opts[0]), *walk(draft, "loss1", retain), f"{opts[0]}.step()"]
    second = [zero(draft, opts[1]), *walk(draft, "loss2"), f"{opts[1]}.step()"]
    match draft.weigh({"stale": 3, "fresh": 3, "coupled": 2, "once": 2}):
        case "stale":
            draft.note("stale forward")
            return [f"loss1 = {one}", f"loss2 = {two}", *first, *second]
        case "fresh":
            return [f"loss1 = {one}", *first, f"loss2 = {two}", *second]
        case "coupled":
            cut = draft.weigh({".detach()": 2, "": 1})
            lines = [f"a = {left}(x)", f"b = {right}(x)", f"loss1 = F.mse_loss(a, b{cut})"]
            return [
                *lines,
                f"loss2 = F.mse_loss(b, a{draft.weigh({'.detach()': 2, '': 1})})",
                *first,
                *second,
            ]
    return [
        f"loss1 = {one}",
        f"loss2 = {two}",
        *first[:1],
        *walk(draft, "(loss1 + loss2)"),
        first[-1],
        second[-1],
    ]


def teacher(draft: Draft) -> list[str]:
    """A student that follows a teacher: frozen, averaged, or (wrongly) part of the graph."""
    draft.imports.add("import copy")
    student = network(draft, "student", "online")
    teacher_name = draft.persist("teacher", f"copy.deepcopy({student})")
    opt = optimizer(draft, draft.weigh({(student,): 4, (student, teacher_name): 1}))
    how = draft.weigh({"no_grad": 3, "detach": 2, "open": 2, "frozen": 2})
    draft.note(f"teacher {how}")
    target = [f"target = {teacher_name}(x){'.detach()' if how == 'detach' else ''}"]
    if how == "no_grad":
        target = ["with torch.no_grad():", *indent(target)]
    elif how == "frozen":
        draft.setup.append(f"{teacher_name}.requires_grad_(False)")
    moving = [f"for p, q in zip({student}.parameters(), {teacher_name}.parameters()):"]
    moving += indent([draft.pick(["q.data.mul_(0.9).add_(0.1 * p.data)", "q.data.copy_(p.data)"])])
    if draft.chance(0.5):
        moving = ["with torch.no_grad():"]
        moving += indent(
            [
                f"for p, q in zip({student}.parameters(), {teacher_name}.parameters()):",
                "    q.mul_(0.9).add_(p, alpha=0.1)",
            ]
        )
    loss = [f"loss = F.mse_loss({student}(x), target)"]
    more = (
        [f"extra = {loss_of(draft, f'{student}(x)')} + target.mean()", *walk(draft, "extra")]
        if draft.chance(0.35)
        else []
    )
    end = [*walk(draft, "loss", draft.weigh({"": 5, "True": 1})), *more]
    if draft.chance(0.2):
        draft.note("teacher moved early")
        return [zero(draft, opt), *target, *loss, *moving, *end, f"{opt}.step()"]
    return [zero(draft, opt), *target, *loss, *end, f"{opt}.step()", *moving]


def rollout(draft: Draft) -> list[str]:
    """Values collected over an inner loop and used together afterwards, kept or cleared between turns."""
    policy, value = network(draft, "policy", "actor"), network(draft, "value_fn", "baseline")
    opt = optimizer(draft, [policy, value])
    memory = draft.persist("memory", "[]")
    cleared = draft.weigh({"clear": 4, "del": 1, "new": 1.5, "": 2})
    draft.note("rollout " + (cleared or "kept"))
    kept = draft.pick(["(log_prob, {0}(x).mean())", "(log_prob, {0}(x).mean().detach())"]).format(value)
    body = [f"log_prob = F.log_softmax({policy}(x + t), dim=-1)[:, 0].mean()", f"{memory}.append({kept})"]
    lines = [f"for t in range({draft.pick([1, 2, 3])}):", *indent(body)]
    if cleared == "new":
        lines = ["episode = []", *[line.replace(memory, "episode") for line in lines]]
        memory = "episode"
    each = f"-log_prob * (1.0 - v{draft.weigh({'.detach()': 2, '': 1})})"
    match draft.weigh({"sum": 3, "each": 2, "two": 2}):
        case "sum":
            end = [f"loss = sum({each} for log_prob, v in {memory})", *walk(draft, "loss")]
        case "each":
            end = [
                f"for log_prob, v in {memory}:",
                *indent([f"loss = {each}", *walk(draft, "loss", draft.weigh({"": 3, "True": 1}))]),
            ]
        case _:
            end = ["pg = torch.zeros(())", "vf = torch.zeros(())", f"for log_prob, v in {memory}:"]
            end += indent(
                [
                    f"pg = pg + {each}",
                    "vf = vf + (1.0 - v).pow(2)" if "detach" not in kept else "vf = vf + log_prob",
                ]
            )
            end += [*walk(draft, "pg", draft.weigh({"": 2, "True": 1})), *walk(draft, "vf")]
    clear = {"clear": [f"{memory}.clear()"], "del": [f"del {memory}[:]"]}.get(cleared, [])
    if clear and draft.chance(0.15):
        clear = [f"if {condition(draft)}:", *indent(clear)]
    return [zero(draft, opt), *lines, *end, f"{opt}.step()", *clear]


def sequences(draft: Draft) -> list[str]:
    """A recurrent layer over a sequence whose outputs are walked apart or together."""
    kind = draft.weigh({"LSTM": 2, "GRU": 2, "MultiheadAttention": 1})
    draft.note(f"layer {kind}")
    if kind == "MultiheadAttention":
        layer_name = draft.persist("attn", f"nn.MultiheadAttention({WIDTH}, 2, batch_first=True)")
        call = f"out, final = {layer_name}(x.unsqueeze(1), x.unsqueeze(1), x.unsqueeze(1))"
    else:
        layer_name = draft.persist("rnn", f"nn.{kind}({WIDTH}, {WIDTH}, batch_first=True)")
        call = f"out, final = {layer_name}(x.unsqueeze(1))"
    head = network(draft, "head")
    opt = optimizer(draft, [layer_name, head])
    other = "final[0].mean()" if draft.chance(0.5) else loss_of(draft, f"{head}(out[:, -1])")
    lines = [call, f"loss1 = {loss_of(draft, f'{head}(out[:, 0])')}", f"loss2 = {other}"]
    if draft.chance(0.35):
        return [zero(draft, opt), *lines, *walk(draft, "(loss1 + loss2)"), f"{opt}.step()"]
    retain = draft.weigh({"": 2, "True": 2})
    return [zero(draft, opt), *lines, *walk(draft, "loss1", retain), *walk(draft, "loss2"), f"{opt}.step()"]
