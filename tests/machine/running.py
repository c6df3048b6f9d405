"""Runs a case twice: on the machine, and on PyTorch."""

from __future__ import annotations

import contextlib
import io
import linecache
import sys
import traceback
import warnings
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from machine.case_files import Case
from mhlint.autograd import attributes, calls, expressions, loading, statements
from mhlint.autograd.asides import Asides
from mhlint.autograd.frames import Frame, Leave
from mhlint.autograd.graph import Level
from mhlint.autograd.machine import Machine
from mhlint.autograd.paths import Budget
from mhlint.autograd.paths import Path as Choices
from mhlint.autograd.run import run_program
from mhlint.autograd.trace import Backward, InPlaceFailure, Runs, Trace
from mhlint.autograd.values import Const, Mapping, Module, Sequence, Tensor, Value
from mhlint.source import Source
from mhlint.syntax import Project, parse

STUBS = Path(__file__).parent.parent / "reported_stubs"


class End(NamedTuple):
    """How a run ended: the file and the row of the statement that raised, ("", 0) if it ran through."""

    file: str
    row: int


DONE = End("", 0)


def write_files(case: Case, folder: Path) -> Path:
    """The files of a case on disk; the path of the analysed one."""
    main = folder / "main.py"
    main.write_text(case.source, encoding="utf-8")
    for name, text in case.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return main


def trace_case(case: Case, main: Path) -> Runs:
    program = parse(Source(str(main), case.source))
    return run_program(program, Project(program))


def final_variables(case: Case, main: Path) -> dict[str, Value]:
    """The variables of the script at its end, along its default path."""
    program = parse(Source(str(main), case.source))
    machine = Machine(Project(program), Choices(), Trace("script"), Budget(), Asides(frozenset()))
    machine.evaluate, machine.execute = expressions.evaluate, statements.execute
    machine.call, machine.member = calls.call, attributes.member
    machine.batches = loading.batches
    frame = Frame(program)
    frame.variables["__name__"] = Const("__main__")
    with contextlib.suppress(Leave):
        machine.execute(machine, frame, program.tree.body)
    return frame.variables


def ends(runs: Runs) -> set[End]:
    """How the paths end."""
    return {_end(trace) for root in runs.roots for trace in root.traces}


def _end(trace: Trace) -> End:
    for event in trace.events:
        if isinstance(event, InPlaceFailure):
            return End(Path(event.site.program.source.path).name, event.site.row)
    if trace.ended != "raised":
        return DONE
    failing = [event for event in trace.of(Backward) if event.failure is not None and not event.caught]
    if not failing:
        return End("", -1)
    site = failing[-1].site
    return End(Path(site.program.source.path).name, site.row)


def torch_ends(case: Case, main: Path) -> tuple[set[End], dict[str, Any]]:
    """How PyTorch ends, for every statement of [run] (or for the script itself), and the script's variables."""
    found: set[End] = set()
    variables: dict[str, Any] = {}
    for call in case.run or ("",):
        with own_interpreter_state(main.parent):
            variables = {"__name__": "__main__", "__file__": str(main)}
            code = compile(case.source, str(main), "exec")
            linecache.checkcache(str(main))
            try:
                exec(code, variables)
                exec(compile(call, "<run>", "exec"), variables)
            except Exception as error:
                found.add(_place(error, main.parent))
            else:
                found.add(DONE)
    return found, variables


def _place(error: Exception, folder: Path) -> End:
    if not isinstance(error, RuntimeError):
        raise error
    # The backward of a Function of the program's own runs inside of the walk: the walk's row counts.
    outside = takewhile(lambda frame: frame.name != "_engine_run_backward", traceback.extract_tb(error.__traceback__))
    frames = [frame for frame in outside if Path(frame.filename).is_relative_to(folder)]
    return End(Path(frames[-1].filename).name, frames[-1].lineno or 0)


@contextlib.contextmanager
def own_interpreter_state(folder: Path) -> Iterator[None]:
    import torch

    path, modules = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(folder), str(folder / "src"), str(STUBS)]
    torch.set_num_threads(1)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - modules:
            origin = getattr(sys.modules[name], "__file__", None) or ""
            if origin.startswith((str(folder), str(STUBS))):
                del sys.modules[name]
        torch.set_grad_enabled(True)


def disagreements(name: str, value: Value, real: Any, depth: int = 3) -> list[str]:
    """What the machine is certain of and PyTorch does not bear out, about one variable."""
    import torch

    if isinstance(value, Tensor) and isinstance(real, torch.Tensor):
        return [f"{name}: {text}" for text in _tensor_disagreements(value, real)]
    if isinstance(value, Const):
        same = type(value.value) is type(real) and value.value == real
        return [] if same or isinstance(real, torch.Tensor) else [f"{name}: {value.value!r}, really {real!r}"]
    if depth == 0:
        return []
    if isinstance(value, Sequence) and value.exact and isinstance(real, (list, tuple)):
        if len(value.items) != len(real):
            return [f"{name}: {len(value.items)} items, really {len(real)}"]
        pairs = zip(value.items, real, strict=True)
        return [t for i, (v, r) in enumerate(pairs) for t in disagreements(f"{name}[{i}]", v, r, depth - 1)]
    if isinstance(value, Mapping) and value.exact and isinstance(real, dict):
        if set(value.items) != set(real):
            return [f"{name}: keys {sorted(map(str, value.items))}, really {sorted(map(str, real))}"]
        return [t for k, v in value.items.items() for t in disagreements(f"{name}[{k!r}]", v, real[k], depth - 1)]
    if isinstance(value, Module) and isinstance(real, torch.nn.Module):
        found = [(n, p, getattr(real, n, None)) for n, p in value.parameters.items()]
        found += [(n, c, getattr(real, n, None)) for n, c in value.children.items()]  # type: ignore[misc]
        return [t for n, v, r in found if r is not None for t in disagreements(f"{name}.{n}", v, r, depth - 1)]
    return []


def _tensor_disagreements(tensor: Tensor, real: Any) -> list[str]:
    found: list[str] = []
    if tensor.node is not None and tensor.node.sure is Level.CERTAIN and real.grad_fn is None:
        found.append(f"a {tensor.node.op} node, really none")
    if tensor.node is None and tensor.requires_grad is not None:
        if real.grad_fn is not None:
            found.append(f"a leaf, really a {real.grad_fn.name()} node")
        elif real.requires_grad is not tensor.requires_grad:
            found.append(f"requires_grad {tensor.requires_grad}, really {real.requires_grad}")
        elif real.is_leaf and not tensor.gradient.zeroed:
            has = real.grad is not None
            if has and tensor.gradient.level is Level.NO:
                found.append("no .grad, really one")
            if not has and tensor.gradient.level is Level.CERTAIN:
                found.append("a .grad, really none")
    if (tensor.elements == 1 and real.numel() != 1) or (tensor.elements == 2 and real.numel() == 1):
        found.append(f"elements {tensor.elements}, really {real.numel()}")
    if tensor.shape is not None:
        same = len(tensor.shape) == real.dim() and all(
            a is None or a == b for a, b in zip(tensor.shape, real.shape, strict=False)
        )
        if not same:
            found.append(f"shape {tensor.shape}, really {tuple(real.shape)}")
    return found
