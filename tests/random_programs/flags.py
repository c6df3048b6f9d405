"""Options whose values the program reads when it runs: unknown to whoever only reads the source."""

from __future__ import annotations

from .draft import Choice, Draft, Flag, indent

NAMES = ("use_aux", "share", "fast", "joint", "freeze", "detach", "clip", "two_stage", "adversarial", "amp")
MODES = (("joint", "split"), ("plain", "mixed"), ("gen", "disc"), ("a", "b", "c"))
STYLES = {"argparse": 3.0, "environ": 2.0, "function": 2.0, "config": 2.0}


def condition(draft: Draft, most: int = 2) -> str:
    """An expression whose truth depends on an option: one used before, its opposite, or a new one."""
    if draft.conditions and (len(draft.flags) >= most or draft.chance(0.45)):
        draft.note("flag reused")
        yes, no = draft.pick(draft.conditions)
        return draft.weigh({yes: 3, no: 1})
    draft.flag_style = draft.flag_style or draft.weigh(STYLES)
    draft.note("flag")
    pair = _mode(draft) if draft.chance(0.25) else _switch(draft)
    if draft.chance(0.2) and not pair[0].startswith("§"):
        kept = draft.persist(draft.pick(["enabled", "do_it", "active"]), pair[0])
        pair = (kept, f"not {kept}")
    draft.conditions.append(pair)
    return draft.weigh({pair[0]: 3, pair[1]: 1})


def _switch(draft: Draft) -> tuple[str, str]:
    name = draft.fresh(*NAMES)
    yes = Choice("on", ((name.upper(), "1"),), (f"--{name}",))
    draft.flags.append(Flag(name, (Choice("off"), yes)))
    read = _read(draft, name)
    return read, f"not {read}"


def _mode(draft: Draft) -> tuple[str, str]:
    draft.note("mode string")
    name, values = draft.fresh("mode", "phase", "strategy"), draft.pick(MODES)
    choices = tuple(Choice(value, ((name.upper(), value),), (f"--{name}", value)) for value in values)
    draft.flags.append(Flag(name, choices))
    value, read = draft.pick(values), _read(draft, name)
    if draft.chance(0.15):
        return f'{read} in ("{value}", "other")', f'{read} not in ("{value}", "other")'
    return f'{read} == "{value}"', f'{read} != "{value}"'


def _read(draft: Draft, name: str) -> str:
    match draft.flag_style:
        case "environ":
            return name.upper()
        case "argparse":
            return f"args.{name}"
        case "function":
            return f"FLAGS.{name}"
        case _:
            return f"CONFIG.{name}"


def declarations(draft: Draft) -> list[str]:
    """The module-level lines that read the options."""
    if not draft.flags:
        return []
    expressions = [(flag.name, _environment(flag)) for flag in draft.flags]
    match draft.flag_style:
        case "environ":
            draft.imports.add("import os")
            return [f"{name.upper()} = {expression}" for name, expression in expressions]
        case "argparse":
            draft.imports.add("import argparse")
            return [*_parser(draft), "", "", "args = parse_args()"]
        case "function":
            draft.imports |= {"import os", "from types import SimpleNamespace"}
            fields = ", ".join(f"{name}={expression}" for name, expression in expressions)
            body = indent([f"return SimpleNamespace({fields})"])
            return ["def parse_flags():", *body, "", "", "FLAGS = parse_flags()"]
        case _:
            draft.imports.add("import os")
            body = indent(f"self.{name} = {expression}" for name, expression in expressions)
            return ["class Config:", *indent(["def __init__(self):", *body]), "", "", "CONFIG = Config()"]


def _environment(flag: Flag) -> str:
    name = flag.name.upper()
    if flag.choices[0].label == "off":
        return f'os.environ.get("{name}", "0") == "1"'
    return f'os.environ.get("{name}", "{flag.choices[0].label}")'


def _parser(draft: Draft) -> list[str]:
    lines = ["parser = argparse.ArgumentParser()"]
    for flag in draft.flags:
        if flag.choices[0].label == "off":
            lines.append(f'parser.add_argument("--{flag.name}", action="store_true")')
        else:
            lines.append(f'parser.add_argument("--{flag.name}", default="{flag.choices[0].label}")')
    return ["def parse_args():", *indent([*lines, "return parser.parse_args()"])]
