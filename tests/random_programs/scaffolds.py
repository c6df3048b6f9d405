"""Put a step into a program: at module level, in main(), in a function, a closure, a trainer class."""

from __future__ import annotations

import re

from .draft import Draft, indent
from .extraction import extract
from .flags import declarations
from .walks import data

SCAFFOLDS = {
    "module": 2.0,
    "main": 3.0,
    "trainer": 5.0,
    "function": 2.5,
    "closure": 1.5,
    "namespace": 1.2,
    "derived": 1.8,
}
HEADER = ["import torch", "import torch.nn as nn", "import torch.nn.functional as F"]


def assemble(draft: Draft, step: list[str]) -> str:
    """The text of a program that runs the step a few times."""
    kind = draft.weigh(SCAFFOLDS)
    draft.note(f"scaffold {kind}")
    methods: list[list[str]] = []
    for _ in range(draft.weigh({0: 5, 1: 4, 2: 1})):
        step, extracted = extract(draft, step, _defined(draft), kind in ("trainer", "derived"))
        if extracted and kind in ("trainer", "derived"):
            methods.append(extracted)
        elif extracted:
            draft.define(extracted)
    header, turn = _loop(draft)
    if kind in ("module", "main"):
        body = [
            *draft.setup,
            *draft.before,
            *_looped(draft, header, [*turn, *_leaving(step, "continue")]),
            *draft.after,
        ]
        lines = _named(body, "{}")
        main = _guarded("main", lines) if kind == "main" else lines
    else:
        main = {
            "trainer": _trainer,
            "derived": _derived,
            "function": _function,
            "closure": _closure,
            "namespace": _namespace,
        }[kind](draft, _leaving(step, "return"), header, turn, methods)
    return _joined(draft, main)


def _joined(draft: Draft, main: list[str]) -> str:
    options = declarations(draft)
    imports = sorted(draft.imports)
    plain = [line for line in imports if line.startswith("import")]
    named = [line for line in imports if line.startswith("from")]
    blocks = [[*plain, *named, "", *HEADER] if imports else HEADER, options]
    blocks += _ordered(draft.definitions)
    return "\n\n\n".join("\n".join(block) for block in [*blocks, main] if block) + "\n"


def _ordered(definitions: list[list[str]]) -> list[list[str]]:
    """Record classes first, where a reader expects them."""
    return sorted(definitions, key=lambda lines: not ("NamedTuple" in lines[0] or lines[0] == "@dataclass"))


def _defined(draft: Draft) -> set[str]:
    return {
        match.group(1)
        for lines in draft.definitions
        for match in [re.match(r"(?:class|def) (\w+)", lines[0])]
        if match
    }


def _loop(draft: Draft) -> tuple[str, list[str]]:
    """The header of the loop over steps, and the lines that make its data."""
    count = draft.weigh({1: 0.7, 2: 3, 3: 4, 4: 0.5})
    made = data(draft)
    kind = draft.weigh({"range": 6, "batches": 2, "zip": 1, "while": 0.7, "generator": 0.7, "fixed": 1})
    draft.note(f"loop {kind}")
    if kind == "range":
        return f"for step in range({count}):", made
    if kind == "while":
        return f"while step < {count}:", ["step += 1", *made]
    x, y = (line.split(" = ", 1)[1] for line in made)
    if kind == "fixed":
        draft.before += made
        return f"for step in range({count}):", []
    if kind == "generator":
        name = draft.fresh("batches", "stream")
        draft.define([f"def {name}(count):", "    for _ in range(count):", f"        yield {x}, {y}"])
        return f"for step, (x, y) in enumerate({name}({count})):", []
    loader = draft.fresh("loader", "batches")
    if kind == "zip":
        draft.before += [f"xs = [{x} for _ in range({count})]", f"ys = [{y} for _ in range({count})]"]
        return "for step, (x, y) in enumerate(zip(xs, ys)):", []
    draft.before.append(f"{loader} = [({x}, {y}) for _ in range({count})]")
    return f"for step, (x, y) in enumerate({loader}):", []


def _looped(draft: Draft, header: str, body: list[str]) -> list[str]:
    loop = [*(["step = 0"] if header.startswith("while") else []), header, *indent(body)]
    if not draft.chance(0.12):
        return loop
    draft.note("nested epochs")
    return ["for epoch in range(2):", *indent(loop)]


def _leaving(step: list[str], word: str) -> list[str]:
    return [line.replace("¤", word) for line in step]


def _named(lines: list[str], form: str) -> list[str]:
    return [re.sub(r"§(\w+)", lambda match: form.format(match.group(1)), line) for line in lines]


def _guarded(name: str, body: list[str]) -> list[str]:
    return [f"def {name}():", *indent(body), "", "", 'if __name__ == "__main__":', f"    {name}()"]


def _runner(draft: Draft, header: str, turn: list[str], call: str, form: str) -> list[str]:
    """The lines before the loop, the loop that makes the call, the lines after it."""
    if header == "for step in range(1):":
        return [*_named(draft.before, form), "step = 0", *turn, call, *_named(draft.after, form)]
    return [*_named(draft.before, form), *_looped(draft, header, [*turn, call]), *_named(draft.after, form)]


def _trainer(
    draft: Draft, step: list[str], header: str, turn: list[str], methods: list[list[str]]
) -> list[str]:
    name, method = (
        draft.fresh("Trainer", "Agent", "Learner"),
        draft.fresh("train_step", "update", "learn", "optimize"),
    )
    init = _named(draft.setup, "self.{}") or ["pass"]
    parts = [
        ["def __init__(self):", *indent(init)],
        [f"def {method}(self, x, y, step):", *indent(_named(step, "self.{}"))],
    ]
    parts += [_named(lines, "self.{}") for lines in methods]
    if draft.chance(0.5):
        draft.note("fit method")
        run = _runner(draft, header, turn, f"self.{method}(x, y, step)", "self.{}")
        parts.append(["def fit(self):", *indent(run)])
        body = [f"trainer = {name}()", "trainer.fit()"]
    else:
        body = [
            f"trainer = {name}()",
            *_runner(draft, header, turn, f"trainer.{method}(x, y, step)", "trainer.{}"),
        ]
    definition = [f"class {name}:", *_methods(parts)]
    return [*definition, "", "", *(_guarded("main", body) if draft.chance(0.7) else body)]


def _methods(parts: list[list[str]]) -> list[str]:
    return [line for number, part in enumerate(parts) for line in ([""] if number else []) + indent(part)]


def _derived(
    draft: Draft, step: list[str], header: str, turn: list[str], methods: list[list[str]]
) -> list[str]:
    base, name = draft.fresh("Base", "BaseTrainer"), draft.fresh("Trainer", "MyTrainer")
    half = draft.pick([number for number, line in enumerate(draft.setup) if not line.startswith(" ")])
    init, rest = _named(draft.setup[:half], "self.{}") or ["pass"], _named(draft.setup[half:], "self.{}")
    run = _runner(draft, header, turn, "self.on_step(x, y, step)", "self.{}")
    parts = [
        ["def __init__(self):", *indent(init)],
        ["def on_step(self, x, y, step):", "    raise NotImplementedError"],
    ]
    above = [f"class {base}:", *_methods([*parts, ["def run(self):", *indent(run)]])]
    super_step = draft.chance(0.3)
    own = [["def __init__(self):", *indent(["super().__init__()", *rest])]]
    body = _named(step, "self.{}")
    if super_step:
        draft.note("super() step")
        above = [line.replace("    raise NotImplementedError", "    self.seen = step") for line in above]
        body = ["super().on_step(x, y, step)", *body]
    own += [
        ["def on_step(self, x, y, step):", *indent(body)],
        *(_named(lines, "self.{}") for lines in methods),
    ]
    return [
        *above,
        "",
        "",
        f"class {name}({base}):",
        *_methods(own),
        "",
        "",
        *_guarded("main", [f"{name}().run()"]),
    ]


def _function(
    draft: Draft, step: list[str], header: str, turn: list[str], methods: list[list[str]]
) -> list[str]:
    """Module-level objects and a function that uses them; what it rebinds is declared global."""
    rebound = [name for name in draft.carried if re.search(rf"§{name}\b", "\n".join(step))]
    opening = [f"global {', '.join(rebound)}"] if rebound else []
    definition = ["def train_step(x, y, step):", *indent([*opening, *_named(step, "{}")])]
    run = _runner(draft, header, turn, "train_step(x, y, step)", "{}")
    guard = ['if __name__ == "__main__":', *indent(run)] if draft.chance(0.5) else run
    return [*_named(draft.setup, "{}"), "", "", *definition, "", "", *guard]


def _closure(
    draft: Draft, step: list[str], header: str, turn: list[str], methods: list[list[str]]
) -> list[str]:
    rebound = [name for name in draft.carried if re.search(rf"§{name}\b", "\n".join(step))]
    opening = [f"nonlocal {', '.join(rebound)}"] if rebound else []
    inner = ["def train_step(x, y, step):", *indent([*opening, *_named(step, "{}")])]
    run = _runner(draft, header, turn, "train_step(x, y, step)", "{}")
    return _guarded(
        "main", [*_named([*draft.setup, *draft.before], "{}"), "", *inner, "", *run[len(draft.before) :]]
    )


def _namespace(
    draft: Draft, step: list[str], header: str, turn: list[str], methods: list[list[str]]
) -> list[str]:
    """Everything lives in one object or dict that is handed to the step."""
    form, made = draft.pick([("state.{}", "SimpleNamespace()"), ('state["{}"]', "{}")])
    if "Simple" in made:
        draft.imports.add("from types import SimpleNamespace")
    definition = ["def train_step(state, x, y, step):", *indent(_named(step, form))]
    run = _runner(draft, header, turn, "train_step(state, x, y, step)", form)
    return [*definition, "", "", *_guarded("main", [f"state = {made}", *_named(draft.setup, form), *run])]
