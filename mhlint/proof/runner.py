"""Runs the user's program in this process, watched, as `python SCRIPT` or `python -m MODULE` would."""

from __future__ import annotations

import builtins
import os
import runpy
import sys
import traceback
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from mhlint.proof.plan import Plan, read_plan
from mhlint.proof.recording import Recorder, Stopped
from mhlint.proof.records import EXITED
from mhlint.proof.reproducing import repeat_the_same, retain_every_graph
from mhlint.proof.serving import Texts, read_texts, serve


def main(plan_path: str) -> int:
    """Run a plan; the record says what happened, the exit code only whether the program ended by itself."""
    plan = read_plan(Path(plan_path))
    texts = read_texts(plan.served)
    recorder = watch(plan, texts)
    try:
        _run(plan, texts)
    except Stopped:
        return 0
    except SystemExit as stop:
        # A program may end so when all is well; before its first step it says that it could not begin.
        failed = stop.code not in (None, 0) and not recorder.events
        recorder.end("finished", _exit_in_words(stop.code) if failed else None)
        return 0
    except BaseException as error:
        _print_without_own_frames(error)
        recorder.end("raised", f"{type(error).__name__}: {error}")
        return 1
    recorder.end("finished")
    return 0


def _exit_in_words(code: object) -> str:
    if isinstance(code, int):
        return f"{EXITED} {code}"
    # What is no number Python prints, and ends with 1.
    print(code, file=sys.stderr)
    return f"{EXITED} 1"


def _print_without_own_frames(error: BaseException) -> None:
    """The traceback as the user knows it: beginning in the program, not in what runs it."""
    own = os.path.dirname(os.path.abspath(__file__))
    start = error.__traceback__
    while start is not None and start.tb_frame.f_code.co_filename.startswith(own + os.sep):
        start = start.tb_next
    traceback.print_exception(type(error), error, start or error.__traceback__)


def watch(plan: Plan, texts: Texts) -> Recorder:
    """Put everything in place that serves other texts and records, before any of the program runs."""
    repeat_the_same(plan.seed)
    if plan.retain:
        retain_every_graph()
    if plan.averaged:
        # Not everywhere is torch.distributed there to import.
        from mhlint.proof.replicas import average_every_walk

        average_every_walk()
    if plan.wide:
        from mhlint.proof.widening import compute_in_float64

        compute_in_float64()
    recorder = Recorder(plan)
    recorder.walks.install()
    if recorder.saved:
        recorder.saved.start()
    register_optimizer_step_pre_hook(recorder.before_step)
    register_optimizer_step_post_hook(recorder.after_step)
    _watch_building(recorder)
    _watch_scalers(recorder)
    serve(texts)
    return recorder


def _watch_building(recorder: Recorder) -> None:
    original = Optimizer.__init__

    def build(self: Optimizer, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        recorder.optimizer_built(self)

    Optimizer.__init__ = build  # type: ignore[method-assign]


def _watch_scalers(recorder: Recorder) -> None:
    """A scaler that meets an overflow does not call the optimizer: that is a step of its own kind."""
    from torch.amp.grad_scaler import GradScaler

    original = GradScaler.step

    def step(self: GradScaler, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        events = recorder.events
        result = original(self, optimizer, *args, **kwargs)
        if recorder.events == events and self.is_enabled():
            recorder.optimizer_built(optimizer)
            recorder.record(optimizer, "skipped")
            recorder.after_step(optimizer)
        return result

    GradScaler.step = step  # type: ignore[method-assign]


def _run(plan: Plan, texts: Texts) -> None:
    if plan.module:
        sys.path[0:0] = [os.getcwd()]
        sys.argv = [plan.program, *plan.arguments]
        _, spec, code = runpy._get_module_details(plan.program)  # type: ignore[attr-defined]
        sys.argv[0] = spec.origin
        _execute(code, spec.origin, spec, spec.parent)
        return
    # As Python does: only sys.argv keeps the path as it was given, for the program may change its folder.
    path = os.path.abspath(plan.program)
    sys.path[0:0] = [os.path.dirname(os.path.realpath(path))]
    sys.argv = [plan.program, *plan.arguments]
    text = texts.of(path)
    code = compile(Path(path).read_bytes() if text is None else text, path, "exec", dont_inherit=True)
    _execute(code, path, None, None)


def _execute(code: CodeType, path: str, spec: Any, package: str | None) -> None:
    module = ModuleType("__main__")
    module.__file__ = path
    module.__spec__ = spec
    module.__package__ = package
    module.__loader__ = spec.loader if spec else None
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    exec(code, module.__dict__)
