"""Imports: torch and other libraries are names, modules of the same project are run and their names taken."""

from __future__ import annotations

import ast

from mhlint.autograd.frames import Frame, Leave
from mhlint.autograd.graph import Level
from mhlint.autograd.handlers import Args, Keywords
from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Library, Namespace, Value, in_library
from mhlint.syntax.program import Program, Site

_SAME = {
    "torch.nn.modules": "torch.nn", "torch.cuda.amp": "torch.amp", "torch.functional": "torch",
    "lightning.pytorch": "pytorch_lightning", "lightning.fabric": "lightning_fabric",
}  # fmt: skip


def canonical(name: str) -> str:
    """One name for what libraries offer under several."""
    for old, new in _SAME.items():
        if name == old or name.startswith(old + "."):
            return new + name[len(old) :]
    return name


def run_import(machine: Machine, frame: Frame, statement: ast.Import | ast.ImportFrom) -> None:
    """Bind the names of an import statement."""
    program = frame.program
    if isinstance(statement, ast.Import):
        for item in statement.names:
            found = machine.project.find(program, item.name)
            if item.asname:
                value = namespace(machine, found) if found else Library(canonical(item.name))
                frame.variables[item.asname] = value
            else:
                _bind_dotted(machine, frame, item.name, found)
        return
    module = statement.module or ""
    found = machine.project.find(program, module, statement.level)
    for item in statement.names:
        if item.name == "*":
            if found is not None:
                own = namespace(machine, found).frame.variables
                frame.variables.update({k: v for k, v in own.items() if not k.startswith("_")})
            elif module:
                _star_of_library(machine, frame, canonical(module))
            continue
        frame.variables[item.asname or item.name] = _imported(machine, program, statement, found, item.name)


def _bind_dotted(machine: Machine, frame: Frame, name: str, found: Program | None) -> None:
    head, _, rest = name.partition(".")
    if found is None or not rest:
        frame.variables[head] = namespace(machine, found) if found else Library(head)
        return
    top = machine.project.find(frame.program, head)
    base: Value | None = frame.variables.get(head)
    if not isinstance(base, Namespace):
        base = namespace(machine, top) if top is not None else Namespace(found, Frame(found))
        frame.variables[head] = base
    for part in rest.split(".")[:-1]:
        inner = base.frame.variables.get(part)
        if not isinstance(inner, Namespace):
            inner = Namespace(found, Frame(found))
            base.frame.variables[part] = inner
        base = inner
    base.frame.variables[rest.rpartition(".")[2]] = namespace(machine, found)


def _imported(machine: Machine, program: Program, statement: ast.ImportFrom, found: Program | None, name: str) -> Value:
    module = statement.module or ""
    if found is not None:
        own = namespace(machine, found).frame.variables
        if name in own:
            return own[name]
    inner = machine.project.find(program, f"{module}.{name}" if module else name, statement.level)
    if inner is not None:
        return namespace(machine, inner)
    if found is not None or statement.level:
        made = machine.unknown(name)
        if name in program.module_evidence:
            made.module = Level.LIKELY
        return made
    return in_library(canonical(f"{module}.{name}"))


def import_module(machine: Machine, args: Args, keywords: Keywords, site: Site | None) -> Value:
    """`importlib.import_module(name, package)`."""
    name = args[0].value if args and isinstance(args[0], Const) else None
    if not isinstance(name, str) or site is None:
        return machine.unknown("module")
    plain = name.lstrip(".")
    found = machine.project.find(site.program, plain, len(name) - len(plain))
    if found is not None:
        return namespace(machine, found)
    return machine.unknown("module") if plain != name else Library(canonical(name))


def namespace(machine: Machine, program: Program) -> Namespace:
    """A module of the project, run once for its definitions."""
    known = machine.namespaces.get(program)
    if known is not None:
        return known
    made = Namespace(program, Frame(program, light=True))
    machine.namespaces[program] = made
    current, stack, active = machine.current, machine.stack, machine.active
    machine.stack, machine.active = [], []
    try:
        run_definitions(machine, made.frame)
    finally:
        machine.current, machine.stack, machine.active = current, stack, active
    return made


def run_definitions(machine: Machine, frame: Frame) -> None:
    """Run a module's body for its definitions and settings only: no loops, no main guard, no training."""
    frame.light = True
    before, machine.defining = machine.defining, True
    try:
        for statement in frame.program.tree.body:
            if isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Call):
                continue
            try:
                machine.execute(machine, frame, [statement])
            except Leave as leave:
                if type(leave).__name__ == "GiveUp":
                    raise
    finally:
        machine.defining = before


def _star_of_library(machine: Machine, frame: Frame, module: str) -> None:
    names = {
        "torch.nn": "Module Linear Sequential ModuleList ModuleDict Parameter Conv2d ReLU Tanh Dropout Embedding",
        "torch": "no_grad tensor zeros ones cat stack randn autograd nn optim",
        "torch.nn.functional": "relu cross_entropy mse_loss softmax log_softmax softplus",
        "torch.optim": "Adam SGD AdamW RMSprop",
    }.get(module, "")
    for name in names.split():
        frame.variables.setdefault(name, Library(f"{module}.{name}"))
