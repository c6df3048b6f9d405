"""What PyTorch does with a program: whether a walk raises, how and where, for every value of its options."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from types import FrameType, TracebackType
from typing import Any, NamedTuple

import torch

from .draft import Choice
from .generate import Program

SECONDS = 5.0
# The texts are PyTorch's own; the first that is found names the kind.
KINDS = {
    "Trying to backward through the graph a second time": "freed",
    "modified by an inplace operation": "version",
    "base or another view of its base has been modified inplace": "version",
    "grad can be implicitly created only for scalar outputs": "non-scalar",
    "does not require grad and does not have a grad_fn": "no-grad",
    "a leaf Variable that requires grad": "leaf in place",
    "is being used in an in-place operation": "leaf in place",
    "is a view and is being modified inplace": "view in place",
    "A view was created in no_grad mode and is being modified inplace": "view in place",
    "Can't detach views in-place": "view in place",
    "appears to not have been used in the graph": "unused",
    "you can only change requires_grad flags of leaf variables": "flag of a non-leaf",
    "can't retain_grad on Tensor that has requires_grad=False": "retain_grad without grad",
    "Mismatch in shape: grad_output": "gradient of another shape",
    "One of the differentiated Tensors does not require grad": "no-grad",
}


class Raised(NamedTuple):
    """One error: its kind, the program's rows on the stack (innermost first), whether it was caught."""

    kind: str
    rows: tuple[int, ...]
    caught: bool
    message: str


@dataclass(frozen=True)
class Outcome:
    """What one run did under one choice of options. `unrelated`: an error that is not autograd's.

    `walked` are the rows of the program that called backward() or grad().
    """

    choices: tuple[Choice, ...]
    raised: tuple[Raised, ...] = ()
    unrelated: str = ""
    walked: frozenset[int] = frozenset()


def kind_of(error: BaseException) -> str:
    """The kind of an autograd error, or "" for any other error."""
    message = str(error)
    return (
        next((kind for text, kind in KINDS.items() if text in message), "")
        if isinstance(error, RuntimeError)
        else ""
    )


def outcomes(program: Program) -> list[Outcome]:
    """Run the program once for each combination of its options."""
    _warm_up()
    code = compile(program.text, program.name, "exec")
    return [_run(program, choices, code) for choices in program.combinations()]


@cache
def _warm_up() -> None:
    """Let the first optimizer import what it needs outside the time limit, which could cut it short."""
    weight = torch.ones(1, requires_grad=True)
    torch.optim.Adam([weight]).zero_grad()
    torch.optim.SGD([weight]).step()


def _run(program: Program, choices: tuple[Choice, ...], code: Any) -> Outcome:
    torch.manual_seed(program.seed)
    seen: list[tuple[BaseException, tuple[int, ...]]] = []
    walked: set[int] = set()
    last: BaseException | None = None
    with _options(program.name, choices), _watched(program.name, seen, walked), _quiet(), _limited(SECONDS):
        try:
            exec(code, {"__name__": "__main__", "__builtins__": __builtins__})
        except (Exception, SystemExit) as error:
            last = error
    if last is not None and not any(error is last for error, _ in seen):
        seen.append((last, _rows_of_traceback(last.__traceback__, program.name)))
    strange = [error for error, _ in seen if not kind_of(error)]
    if strange:
        return Outcome(choices, (), f"{type(strange[0]).__name__}: {strange[0]}"[:200])
    raised = tuple(Raised(kind_of(error), rows, error is not last, str(error)[:120]) for error, rows in seen)
    return Outcome(choices, raised, walked=frozenset(walked))


@contextmanager
def _options(name: str, choices: tuple[Choice, ...]) -> Iterator[None]:
    environment = {key: value for choice in choices for key, value in choice.environment}
    old_arguments = sys.argv
    sys.argv = [name, *(word for choice in choices for word in choice.arguments)]
    os.environ.update(environment)
    try:
        yield
    finally:
        sys.argv = old_arguments
        for key in environment:
            del os.environ[key]


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a program that does not end: a reduced one may have lost what ends its loop."""

    def late(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"runs longer than {seconds} s")

    old = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _watched(
    name: str, seen: list[tuple[BaseException, tuple[int, ...]]], walked: set[int]
) -> Iterator[None]:
    """Note the rows of walks, and their errors, caught ones too: Tensor.backward looks these two names up."""
    old = torch.autograd.backward, torch.autograd.grad

    def noting(call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*arguments: Any, **options: Any) -> Any:
            rows = _rows_of_stack(sys._getframe(1), name)
            walked.update(rows[:1])
            try:
                return call(*arguments, **options)
            except RuntimeError as error:
                if not any(error is one for one, _ in seen):
                    seen.append((error, rows))
                raise

        return noted

    torch.autograd.backward, torch.autograd.grad = noting(old[0]), noting(old[1])
    try:
        yield
    finally:
        torch.autograd.backward, torch.autograd.grad = old


def _rows_of_stack(frame: FrameType | None, name: str) -> tuple[int, ...]:
    rows = []
    while frame is not None:
        if frame.f_code.co_filename == name:
            rows.append(frame.f_lineno)
        frame = frame.f_back
    return tuple(rows)


def _rows_of_traceback(traceback: TracebackType | None, name: str) -> tuple[int, ...]:
    rows = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == name:
            rows.append(traceback.tb_lineno)
        traceback = traceback.tb_next
    return tuple(reversed(rows))
