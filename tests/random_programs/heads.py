"""Steps with one trunk and several heads: walked one by one, summed, recomputed, or cut and reinjected."""

from __future__ import annotations

from .draft import CLASSES, WIDTH, Draft, indent
from .flags import condition
from .head_models import Heads, heads_of
from .many_losses import retain_of, walk_all, walk_list
from .networks import several, unpack
from .reinjection import reinject
from .walks import log, loss_of, optimizer, walk, zero


def multi_head(draft: Draft) -> list[str]:
    """One trunk, several heads."""
    heads = heads_of(draft)
    opts = _optimizers(draft, heads)
    style = draft.weigh({"loop": 4, "unrolled": 4, "collected": 4, "summed": 2, "reinject": 5, "outputs": 0})
    draft.note(f"heads {style}")
    form = {
        "loop": _loop,
        "unrolled": _unrolled,
        "collected": _collected,
        "summed": _summed,
        "reinject": reinject,
    }[style]
    return _around(draft, opts, form(draft, heads, opts))


def several_outputs(draft: Draft) -> list[str]:
    """One model whose forward returns several tensors."""
    count = draft.weigh({2: 3, 3: 1})
    name, outputs = several(draft, count, draft.pick([WIDTH, CLASSES]))
    model = draft.persist(draft.pick(["model", "net", "agent"]), f"{name}()")
    opts = [optimizer(draft, [model])]
    lines, parts = unpack(draft, outputs, f"{model}(x)")
    if draft.chance(0.25) and outputs.kind in ("dict", "tuple", "list"):
        result = draft.fresh("out", "results")
        value = draft.fresh("part", "prediction")
        many = f"{result}.values()" if outputs.kind == "dict" else result
        lines = [f"{result} = {model}(x)"]
        retain = retain_of(draft, "")
        if draft.chance(0.3):
            lines.append(f"loss = sum({loss_of(draft, value)} for {value} in {many})")
            return _around(draft, opts, [*lines, *walk(draft, "loss", retain)])
        body = [f"loss = {loss_of(draft, value)}", *walk(draft, "loss", retain), *log(draft, "loss")]
        return _around(draft, opts, [*lines, f"for {value} in {many}:", *indent(body)])
    return _around(draft, opts, [*lines, *walk_all(draft, parts, opts)])


def _around(draft: Draft, opts: list[str], body: list[str]) -> list[str]:
    """The body with zero_grad and step around it, in one of the usual orders."""
    clear, step = [zero(draft, opt) for opt in opts], [f"{opt}.step()" for opt in opts]
    match draft.weigh({"usual": 6, "late": 2, "no zero": 1, "no step": 1}):
        case "usual":
            return [*clear, *body, *step]
        case "late":
            return [*body, *step, *clear]
        case "no zero":
            return [*body, *step]
    return [*clear, *body]


def _optimizers(draft: Draft, heads: Heads) -> list[str]:
    if len(heads.owners) == 1 or draft.chance(0.6):
        return [optimizer(draft, heads.owners)]
    first = draft.rng.randrange(1, len(heads.owners))
    draft.note("several optimizers")
    return [optimizer(draft, heads.owners[:first], "opt_a"), optimizer(draft, heads.owners[first:], "opt_b")]


def _loop(draft: Draft, heads: Heads, opts: list[str]) -> list[str]:
    """for head in heads: loss; walk."""
    z = draft.fresh("z", "h", "shared", "feats", "features")
    inside = draft.chance(0.15)
    source = heads.trunk if inside or draft.chance(0.12) else z
    if draft.chance(0.12):
        source = f"{z}.detach()"
    counted = draft.chance(0.45)
    count = len(heads.named)
    head = "head"
    last = draft.pick(
        [f"i < {count} - 1", f"i < {count - 1}", f"i != {count - 1}", f"i + 1 < len({heads.iterable})"]
    )
    retain = retain_of(draft, last if counted else "")
    body = [
        f"loss = {loss_of(draft, f'{head}({source})')}",
        *walk(draft, "loss", retain),
        *log(draft, "loss"),
    ]
    if draft.chance(0.12):
        body.append(f"{draft.pick(opts)}.step()")
        draft.note("step in head loop")
    if draft.chance(0.1):
        body = (
            [f"if {condition(draft)}:", "    continue", *body]
            if draft.chance(0.4)
            else [*body, *_early(draft, counted)]
        )
    header = (
        f"for i, {head} in enumerate({heads.iterable}):" if counted else f"for {head} in {heads.iterable}:"
    )
    if not counted and draft.chance(0.15):
        header = f"for {head}, weight in zip({heads.iterable}, [0.5, 1.0, 2.0]):"
    if inside:
        return [header, *indent([f"{z} = {heads.trunk}", *body])]
    return [f"{z} = {heads.trunk}", header, *indent(body)]


def _early(draft: Draft, counted: bool) -> list[str]:
    draft.note("break")
    return ["break"] if not counted or draft.chance(0.5) else ["if i == 0:", "    break"]


def _unrolled(draft: Draft, heads: Heads, opts: list[str]) -> list[str]:
    """Heads written out one after another."""
    z = draft.fresh("z", "h", "shared", "feats")
    lines, parts = [f"{z} = {heads.trunk}"], []
    for number, call in enumerate(heads.named):
        source = draft.weigh({z: 8, f"{z}.detach()": 1, heads.trunk: 0.5})
        if number and draft.chance(0.06):
            lines.append(f"{z} = {heads.trunk}")
        part = draft.fresh("out", "pred", "logits")
        lines.append(f"{part} = {call.format(source)}")
        parts.append(part)
    return [*lines, *walk_all(draft, parts, opts)]


def _collected(draft: Draft, heads: Heads, opts: list[str]) -> list[str]:
    """A list of losses, built by a loop or a comprehension, walked afterwards."""
    z = draft.fresh("z", "h", "shared", "feats")
    name = draft.fresh("losses", "terms")
    source = draft.weigh({z: 8, f"{z}.detach()": 1, heads.trunk: 1})
    one = loss_of(draft, f"head({source})")
    lines = [f"{z} = {heads.trunk}"]
    if draft.chance(0.5):
        lines.append(f"{name} = [{one} for head in {heads.iterable}]")
        draft.note("comprehension")
    else:
        lines += [f"{name} = []", f"for head in {heads.iterable}:", f"    {name}.append({one})"]
    return [*lines, *walk_list(draft, name, len(heads.named))]


def _summed(draft: Draft, heads: Heads, opts: list[str]) -> list[str]:
    """A running total, walked after the loop or (wrongly) inside it."""
    z = draft.fresh("z", "h", "shared", "feats")
    one = loss_of(draft, f"head({z})")
    lines = [f"{z} = {heads.trunk}", "total = 0", f"for head in {heads.iterable}:"]
    grow = draft.pick([f"total = total + {one}", f"total += {one}"])
    if draft.chance(0.15):
        draft.note("total walked in loop")
        return [*lines, *indent([grow, *walk(draft, "total", retain_of(draft, ""))])]
    return [*lines, f"    {grow}", *walk(draft, "total", draft.weigh({"": 5, "True": 1}))]
