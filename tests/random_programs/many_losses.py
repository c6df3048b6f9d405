"""Several losses side by side: walked one by one, from a list or dict, in a branch, or as one sum."""

from __future__ import annotations

from .draft import Draft, indent
from .flags import condition
from .walks import log, loss_of, walk, zero


def walk_all(draft: Draft, parts: list[str], opts: list[str]) -> list[str]:
    """A loss for each part, and their walks: one by one, at branches, or as one."""
    losses = [draft.fresh("loss_a", "loss1", "main_loss", "l") for _ in parts]
    lines = [f"{loss} = {loss_of(draft, part)}" for loss, part in zip(losses, parts, strict=False)]
    match draft.weigh({"one by one": 6, "sum": 2.5, "branch": 2.5, "list": 2.5, "dict": 1.5, "grad": 1}):
        case "sum":
            total = draft.pick([" + ".join(losses), f"sum([{', '.join(losses)}])"])
            if draft.chance(0.3):
                return [*lines, f"torch.autograd.backward([{', '.join(losses)}])"]
            return [
                *lines,
                *walk(draft, f"({total})" if total[0] != "s" else total, draft.weigh({"": 5, "True": 1})),
            ]
        case "branch":
            flag = condition(draft)
            joint = walk(draft, f"({' + '.join(losses)})")
            return [*lines, f"if {flag}:", *indent(joint), "else:", *indent(one_by_one(draft, losses, opts))]
        case "list":
            name = draft.fresh("losses", "all_losses")
            lines.append(f"{name} = [{', '.join(losses)}]")
            return [*lines, *walk_list(draft, name, len(losses))]
        case "dict":
            name = draft.fresh("losses", "loss_dict")
            lines.append(f"{name} = {{{', '.join(f'{loss!r}: {loss}' for loss in losses)}}}")
            if draft.chance(0.4):
                return [*lines, *walk(draft, f"sum({name}.values())")]
            body = walk(draft, "value", retain_of(draft, ""))
            return [*lines, f"for key, value in {name}.items():", *indent(body)]
        case "grad":
            kept = draft.pick(["True", "False"])
            lines += [f"norm = torch.autograd.grad({losses[0]}, {parts[0]}, retain_graph={kept})"]
            draft.note("autograd.grad")
    return [*lines, *one_by_one(draft, losses, opts)]


def one_by_one(draft: Draft, losses: list[str], opts: list[str]) -> list[str]:
    lines: list[str] = []
    for number, loss in enumerate(losses):
        last = number == len(losses) - 1
        lines += walk(
            draft, loss, draft.weigh({"": 6, "True": 1} if last else {"": 2.5, "True": 4, "False": 0.2})
        )
        lines += log(draft, loss)
        if not last and draft.chance(0.22):
            lines += [draft.pick([f"{draft.pick(opts)}.step()", zero(draft, draft.pick(opts))])]
    if draft.chance(0.1):
        flag = condition(draft)
        return [f"if {flag}:", *indent(lines)]
    return lines


def walk_list(draft: Draft, name: str, count: int) -> list[str]:
    match draft.weigh(
        {"loop": 3, "counted": 2, "stack": 1, "sum": 1, "at once": 1, "while": 0.7, "sliced": 1}
    ):
        case "loop":
            return [f"for loss in {name}:", *indent(walk(draft, "loss", retain_of(draft, "")))]
        case "counted":
            not_last = draft.pick([f"i < len({name}) - 1", f"i != {count - 1}"])
            return [
                f"for i, loss in enumerate({name}):",
                *indent(walk(draft, "loss", retain_of(draft, not_last))),
            ]
        case "stack":
            return walk(draft, f"torch.stack({name}).{draft.pick(['sum()', 'mean()'])}")
        case "sum":
            return walk(draft, f"sum({name})")
        case "at once":
            return [f"torch.autograd.backward({name})"]
        case "while":
            return [
                f"while {name}:",
                *indent([f"loss = {name}.pop()", *walk(draft, "loss", retain_of(draft, f"len({name}) > 0"))]),
            ]
    return [
        f"for loss in {name}[:-1]:",
        *indent(walk(draft, "loss", retain_of(draft, ""))),
        *walk(draft, f"{name}[-1]"),
    ]


def retain_of(draft: Draft, not_last: str) -> str:
    """Whether a walk in a loop retains: "", "True" or an expression that is false in the last turn only."""
    options = {"": 3.0, "True": 4.0, "False": 0.3}
    if not_last:
        options[not_last] = 2.0
    if draft.chance(0.08):
        return condition(draft)
    return draft.weigh(options)
