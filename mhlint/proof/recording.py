"""Watches a running program: at every optimizer step it records gradients, or compares them with those."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from mhlint.proof import memory
from mhlint.proof.measuring import measure, numbers, plain
from mhlint.proof.naming import parameter_names
from mhlint.proof.own_files import OwnFiles
from mhlint.proof.plan import Plan
from mhlint.proof.records import ParameterRecord, StepRecord, step_line
from mhlint.proof.walks import Walks

# A program may step one optimizer several times for each step of another; it is stopped all the same.
MOST_STEPS = 5
GRACE_SECONDS = 10.0


class Stopped(SystemExit):
    """Ends the program when enough steps were made; a success to all that look at exit codes."""


class Recorder:
    """One process's record, from the first optimizer that is built until enough steps were made."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.walks = Walks()
        self.saved = memory.SavedBytes() if plan.saved else None
        self.optimizers: list[weakref.ref[Optimizer]] = []
        self.indices: dict[int, int] = {}
        self.counts: dict[int, int] = {}
        self.names: dict[int, list[str]] = {}
        self.events = 0
        self.done = False
        self.built = itertools.count()
        self.files = OwnFiles(plan.folder)
        self.began = time.perf_counter()
        self.owner = os.getpid()

    def key(self) -> str:
        """The process's name, alike in every run of one program."""
        name = multiprocessing.current_process().name
        rank = os.environ.get("RANK")
        return name if rank is None else f"rank{rank}" if name == "MainProcess" else f"rank{rank}-{name}"

    def _tensors(self, what: str) -> tuple[Path, bool]:
        """The file that keeps some tensors of the reference run, and whether this is the reference run."""
        folder = Path(self.plan.against or self.plan.folder) / self.key()
        return folder / f"{what}.pt", self.plan.against is None

    def write(self, line: str) -> None:
        """Add one line to this process's record."""
        with open(Path(self.plan.folder, f"{self.key()}.jsonl"), "a", encoding="utf-8") as record:
            record.write(line + "\n")

    def end(self, how: str, error: str | None = None) -> None:
        """Say how the process ended, and which of the program's files it loaded."""
        self.write(json.dumps({"end": how, "error": error, "files": self.files.take()}))

    def optimizer_built(self, optimizer: Optimizer) -> None:
        """A new optimizer: its parameters start as they did in the reference run."""
        known = self.indices.get(id(optimizer))
        # The address of an optimizer that is gone may be another's now.
        if known is not None and self.optimizers[known]() is optimizer:
            return
        self.indices[id(optimizer)] = len(self.optimizers)
        self.optimizers.append(weakref.ref(optimizer))
        self._watch(optimizer)
        self._start_alike(optimizer, f"built-{next(self.built)}")
        self.began = time.perf_counter()

    def before_step(self, optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Record a step about to be made, or have its closure recorded each time the optimizer calls it."""
        if self.done:
            os._exit(0)
        self.optimizer_built(optimizer)
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if not callable(closure):
            self.record(optimizer, "step")
            return None

        def recorded() -> Any:
            self._start_alike(optimizer, f"event-{self.events}-closure")
            loss = closure()
            self.record(optimizer, "closure")
            return loss

        if "closure" in kwargs:
            return args, {**kwargs, "closure": recorded}
        return (args[0], recorded, *args[2:]), kwargs

    def after_step(self, optimizer: Optimizer, *_: Any) -> None:
        """The next step starts from the reference's parameters; after enough steps the program ends."""
        index = self.indices[id(optimizer)]
        self.counts[index] = self.counts.get(index, 0) + 1
        self._start_alike(optimizer, f"event-{self.events}-after")
        self._begin_next()
        if self._enough():
            self.done = True
            self.end("stopped")
            watchdog = threading.Timer(GRACE_SECONDS, os._exit, (0,))
            watchdog.daemon = True
            watchdog.start()
            raise Stopped(0)

    def record(self, optimizer: Optimizer, kind: str) -> None:
        """Write down one event of an optimizer with the gradients its parameters have now."""
        memory.finish_device_work()
        seconds = time.perf_counter() - self.began
        device, resident = memory.device_peak(), memory.resident_peak()
        self._watch(optimizer)
        index, parameters = self.indices[id(optimizer)], _parameters(optimizer)
        names = self._names(index, parameters)
        gradients = [None if one.grad is None else plain(one.grad) for one in parameters]
        step = StepRecord(
            optimizer=index,
            optimizer_class=type(optimizer).__name__,
            kind=kind,
            precision=self.walks.take_precision(parameters, self.plan.wide),
            parameters=tuple(self._compared(names, parameters, gradients)),
            losses=self.walks.take_losses(),
            walks=self.walks.take_calls(),
            seconds=seconds,
            saved_bytes=self.saved.take_peak() if self.saved else None,
            resident_bytes=resident,
            device_bytes=device,
        )
        self.write(step_line(step))
        if files := self.files.take():
            self.write(json.dumps({"files": files}))
        self.events += 1
        self._begin_next()

    def _compared(
        self, names: list[str], parameters: Sequence[Tensor], gradients: list[Tensor | None]
    ) -> list[ParameterRecord]:
        path, reference = self._tensors(f"event-{self.events}")
        kept: dict[str, Any] = {"names": names, "gradients": gradients}
        if reference:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save(kept, path)
        elif path.exists():
            kept = torch.load(path, weights_only=True)
        order = _order(kept["names"], names)
        records = []
        for position, other in enumerate(order):
            parameter, gradient = parameters[other], gradients[other]
            known = position < len(kept["gradients"]) and (reference or path.exists())
            records.append(
                ParameterRecord(
                    name=names[other],
                    shape=tuple(parameter.shape),
                    dtype=str(parameter.dtype).removeprefix("torch."),
                    walks=self.walks.take(parameter),
                    norm=numbers(gradient)[0],
                    total=numbers(gradient)[1],
                    gap=measure(kept["gradients"][position], gradient) if known else None,
                )
            )
        return records

    def _names(self, index: int, parameters: Sequence[Tensor]) -> list[str]:
        names = self.names.get(index, [])
        if len(names) != len(parameters):
            names = self.names[index] = parameter_names(parameters, index)
        return names

    def _watch(self, optimizer: Optimizer) -> None:
        for parameter in _parameters(optimizer):
            self.walks.watch(parameter)
            if self.saved:
                self.saved.leave_out(parameter)

    def _start_alike(self, optimizer: Optimizer, what: str) -> None:
        path, reference = self._tensors(what)
        parameters = _parameters(optimizer)
        names = self._names(self.indices[id(optimizer)], parameters)
        if reference:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.save({"names": names, "values": [plain(one) for one in parameters]}, path)
        elif path.exists():
            kept = torch.load(path, weights_only=True)
            order = _order(kept["names"], names)
            own = [plain(parameters[position]) for position in order]
            if [one.shape for one in own] == [value.shape for value in kept["values"]]:
                for position, now, value in zip(order, own, kept["values"], strict=True):
                    if not torch.equal(now, value):
                        _set(parameters[position], value)

    def _begin_next(self) -> None:
        memory.finish_device_work()
        memory.forget_device_peak()
        memory.forget_resident_peak()
        self.began = time.perf_counter()

    def _enough(self) -> bool:
        alive = [one for one in (reference() for reference in self.optimizers) if one is not None]
        counts = [self.counts.get(self.indices[id(one)], 0) for one in alive]
        return min(counts) >= self.plan.steps or max(counts) >= MOST_STEPS * self.plan.steps


def _parameters(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _order(before: list[str], after: list[str]) -> list[int]:
    """For each parameter before, its position after: by name if the names agree, else the same position."""
    if before != after and sorted(before) == sorted(after):
        return [after.index(name) for name in before]
    return list(range(len(after)))


def _set(parameter: Tensor, value: Tensor) -> None:
    # Through .data: a graph that the program still holds must not seem changed by what is no change.
    local = parameter.to_local() if hasattr(parameter, "to_local") else parameter
    target = torch.view_as_real(local.data) if local.is_complex() else local.data
    target.copy_(value)
