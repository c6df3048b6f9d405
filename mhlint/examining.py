"""One file's bytes in, its findings out, whatever the bytes are."""

from __future__ import annotations

import gc
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from mhlint.documents import is_notebook, open_document
from mhlint.findings import Finding
from mhlint.source import Source
from mhlint.unreadable import from_error, unreadable

if TYPE_CHECKING:
    from types import FrameType

    from mhlint.syntax import Modules

LARGEST_TEXT = 5_000_000
TIME_LIMIT_S = 30.0


class Job(NamedTuple):
    """One file to analyse: its bytes, the rules to run, and the settings that the analysis knows."""

    path: str
    data: bytes
    codes: frozenset[str]
    backward_calls: tuple[str, ...] = ()
    fix_style: str = "auto"
    line_length: int = 0


class Verdict(NamedTuple):
    """The findings of one file and the paths they hang on beside it; `lasting`: a second run says the same."""

    findings: tuple[Finding, ...]
    modules: tuple[str, ...] = ()
    lasting: bool = True


class _TimeUp(BaseException):
    """Not an Exception: nothing within the analysis may swallow it."""


def examine(
    job: Job, limit_s: float = TIME_LIMIT_S, decoded: Source | None = None, modules: Modules | None = None
) -> Verdict:
    """Analyse one file (its bytes, or its text if decoded already); what fails becomes an MHL900 finding.

    `modules` keeps the parsed modules that several files import.
    """
    try:
        with _at_most(limit_s), _collected_seldom(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ast.parse warns about the user's escapes on our stderr
            source = decoded or open_document(job.path, job.data).source
            if len(source.text) > LARGEST_TEXT:
                return Verdict(
                    (unreadable(job.path, f"cannot be analysed: over {LARGEST_TEXT:,} characters"),)
                )
            return _analysed(source, job, modules)
    except _TimeUp:
        return timed_out(job, limit_s)
    except Exception as error:
        return Verdict((from_error(job.path, error),), lasting=not isinstance(error, OSError))


def timed_out(job: Job, limit_s: float) -> Verdict:
    """The verdict on a file whose analysis took too long."""
    return Verdict(
        (unreadable(job.path, f"cannot be analysed: not done within {limit_s:g} s"),), lasting=False
    )


def _analysed(source: Source, job: Job, modules: Modules | None) -> Verdict:
    from mhlint.analyse import Request, analyse

    request = Request(job.codes, job.backward_calls, job.fix_style, job.line_length)
    analysis = analyse(source, request, modules)
    return Verdict(tuple(analysis.findings), tuple(analysis.modules))


def check_readable(path: str, data: bytes, parse: bool) -> Finding | None:
    """What is wrong with a file that no rule can fire in: its bytes, and its syntax if `parse`."""
    if not parse and (is_notebook(path) or (data.isascii() and b"\0" not in data)):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = open_document(path, data).source
            if parse and len(source.text) <= LARGEST_TEXT:
                import ast

                ast.parse(source.text)
    except Exception as error:
        return from_error(path, error)
    return None


@contextmanager
def _collected_seldom() -> Iterator[None]:
    """Trees and traces live until a file is done: looking for garbage among them takes a quarter of the time."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 50_000), 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raises _TimeUp in the body after `seconds`, where the platform can (POSIX, main thread)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
