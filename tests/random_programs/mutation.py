"""Small changes to a finished step that still runs: the slips by which right code becomes wrong, and back."""

from __future__ import annotations

import re

from .draft import Draft, indent
from .flags import condition

WALK = re.compile(r"^ *[^=]*\.backward\(.*\)$|^ *(?:run_backward|backprop|do_walk)\w*\(.*\)$")
QUIET = re.compile(r"^ *§\w+\.(?:step\(\)|zero_grad\([^()]*\))$")
CUT = re.compile(r"\.detach\(\)(?!\.)")
KINDS = {
    "guard": 4.0,
    "guard step": 1.5,
    "move": 3.0,
    "drop": 1.0,
    "uncut": 1.5,
    "retain": 1.5,
    "leave": 1.0,
    "turn": 1.0,
}


def mutate(draft: Draft, step: list[str]) -> list[str]:
    """The step with one change, if the change that was drawn fits somewhere; else the step."""
    kind = draft.weigh(KINDS)
    walks = [row for row, line in enumerate(step) if WALK.match(line)]
    quiet = [row for row, line in enumerate(step) if QUIET.match(line)]
    cuts = [row for row, line in enumerate(step) if CUT.search(line)]
    rows = {"guard": walks, "turn": walks, "leave": walks, "retain": walks, "uncut": cuts}.get(kind, quiet)
    if not rows:
        return step
    row = draft.pick(rows)
    changed = _changed(draft, kind, step, row)
    if changed != step:
        draft.note(f"mutation {kind}")
    return changed


def _changed(draft: Draft, kind: str, step: list[str], row: int) -> list[str]:
    line = step[row]
    margin = line[: len(line) - len(line.lstrip())]
    match kind:
        case "guard" | "guard step":
            return [*step[:row], f"{margin}if {condition(draft)}:", *indent([line]), *step[row + 1 :]]
        case "turn":
            test = draft.pick(["step > 0", "step % 2 == 0", "step == 1", "step < 10"])
            return [*step[:row], f"{margin}if {test}:", *indent([line]), *step[row + 1 :]]
        case "leave":
            test = condition(draft) if draft.chance(0.7) else "step == 0"
            return (
                [*step[: row + 1], f"{margin}if {test}:", f"{margin}    ¤", *step[row + 1 :]]
                if not margin
                else step
            )
        case "drop":
            return (
                [*step[:row], f"{margin}pass", *step[row + 1 :]]
                if margin
                else [*step[:row], *step[row + 1 :]]
            )
        case "uncut":
            return [*step[:row], CUT.sub("", line, count=1), *step[row + 1 :]]
        case "retain":
            if ".backward()" in line:
                line = line.replace(".backward()", ".backward(retain_graph=True)")
            else:
                line = line.replace("retain_graph=True", "retain_graph=False")
            return [*step[:row], line, *step[row + 1 :]]
    return _moved(draft, step, row)


def _moved(draft: Draft, step: list[str], row: int) -> list[str]:
    """A call of an optimizer at another place of the top level."""
    if step[row].startswith(" "):
        return step
    rest = [*step[:row], *step[row + 1 :]]
    inside = re.compile(r"^(?: |else|elif|except|$)")
    places = [place for place in range(len(rest) + 1) if place == len(rest) or not inside.match(rest[place])]
    place = draft.pick(places)
    return [*rest[:place], step[row], *rest[place:]]
