"""Runs a training program in this process and keeps every gradient that its optimizers step on."""

from __future__ import annotations

import contextlib
import io
import random
import runpy
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

Gradients = tuple["torch.Tensor | None", ...]


class Recording(NamedTuple):
    """The gradients of each optimizer step, in order; how the run ended (`error` is None if well).

    `rows` are the program's own rows in the traceback of `error`, outermost first.
    """

    steps: tuple[Gradients, ...]
    error: Exception | None
    rows: tuple[int, ...]
    printed: str


class Difference(NamedTuple):
    """The largest relative difference of two recordings: the norm of the difference over the larger norm."""

    relative: float
    step: int
    parameter: int


def record(
    path: Path, dtype: torch.dtype = torch.float32, device: str = "cpu", retain: bool = False
) -> Recording:
    """Run a script as `__main__`; with `retain` each of its walks keeps its graph, whatever it says."""
    steps: list[Gradients] = []

    def keep(optimizer: torch.optim.Optimizer, _args: Any, _kwargs: Any) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        steps.append(tuple(None if p.grad is None else p.grad.detach().clone() for p in parameters))

    printed = io.StringIO()
    graphs = _every_graph_retained() if retain else contextlib.nullcontext()
    hook = register_optimizer_step_pre_hook(keep)
    try:
        with _own_state(path, dtype, device), contextlib.redirect_stdout(printed), graphs:
            try:
                runpy.run_path(str(path), run_name="__main__")
            except Exception as error:
                return Recording(tuple(steps), error, rows_of(error, str(path)), printed.getvalue())
    finally:
        hook.remove()
    return Recording(tuple(steps), None, (), printed.getvalue())


def rows_of(error: BaseException, filename: str) -> tuple[int, ...]:
    """The rows of one file in an error's traceback, outermost first."""
    frames = traceback.extract_tb(error.__traceback__)
    return tuple(frame.lineno or 0 for frame in frames if frame.filename == filename)


def largest_difference(one: Recording, other: Recording) -> Difference:
    """How far apart two recordings are; infinite where steps, shapes or missing gradients do not match."""
    worst = Difference(0.0, 0, 0)
    if len(one.steps) != len(other.steps):
        return Difference(float("inf"), min(len(one.steps), len(other.steps)), 0)
    for step, (left, right) in enumerate(zip(one.steps, other.steps, strict=True)):
        if len(left) != len(right):
            return Difference(float("inf"), step, min(len(left), len(right)))
        for index, (a, b) in enumerate(zip(left, right, strict=True)):
            found = _relative(a, b)
            if not found <= worst.relative:
                worst = Difference(found, step, index)
    return worst


def _relative(a: torch.Tensor | None, b: torch.Tensor | None) -> float:
    if a is None or b is None or a.shape != b.shape:
        return 0.0 if a is None and b is None else float("inf")
    a, b = a.double(), b.double()
    apart = float((a - b).norm())
    # A gradient that is nothing but rounding has no relative difference worth the name.
    return 0.0 if apart == 0 else apart / max(float(a.norm()), float(b.norm()), 1e-5)


@contextlib.contextmanager
def _own_state(path: Path, dtype: torch.dtype, device: str) -> Iterator[None]:
    """Whatever a program sets globally is set back: modules, seeds, defaults, flags."""
    folders, modules, arguments = list(sys.path), set(sys.modules), sys.argv
    own = str(path.parent.resolve())
    threads = torch.get_num_threads()
    sys.path.insert(0, own)
    sys.argv = [str(path)]
    torch.set_num_threads(1)
    torch.set_default_dtype(dtype)
    torch.set_default_device(device)
    torch.manual_seed(0)
    random.seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.path[:], sys.argv = folders, arguments
        for name in set(sys.modules) - modules:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(own):
                del sys.modules[name]
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _every_graph_retained() -> Iterator[None]:
    # Tensor.backward looks torch.autograd.backward up when it is called, so this reaches both.
    backward, grad = torch.autograd.backward, torch.autograd.grad

    def retaining_backward(
        tensors: Any, grad_tensors: Any = None, retain_graph: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        backward(tensors, grad_tensors, True, *args, **kwargs)

    def retaining_grad(
        outputs: Any,
        inputs: Any,
        grad_outputs: Any = None,
        retain_graph: Any = None,
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        return grad(outputs, inputs, grad_outputs, True, *args, **kwargs)

    torch.autograd.backward, torch.autograd.grad = retaining_backward, retaining_grad
    try:
        yield
    finally:
        torch.autograd.backward, torch.autograd.grad = backward, grad
