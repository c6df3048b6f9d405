"""A stand-in for accelerate on one CPU process: the calls that the reported programs use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch


class Accelerator:
    """One process, no mixed precision; `backward` divides by the accumulation steps as the real one does."""

    def __init__(self, gradient_accumulation_steps: int = 1, mixed_precision: str = "no", **_: Any) -> None:
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self.device = torch.device("cpu")
        self.is_main_process = True
        self.sync_gradients = True
        self._calls = 0

    def prepare(self, *objects: Any) -> Any:
        return objects[0] if len(objects) == 1 else objects

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        (loss / self.gradient_accumulation_steps).backward(**kwargs)  # type: ignore[no-untyped-call]

    @contextlib.contextmanager
    def accumulate(self, *models: torch.nn.Module) -> Iterator[None]:
        self._calls += 1
        self.sync_gradients = self._calls % self.gradient_accumulation_steps == 0
        yield

    def clip_grad_norm_(self, parameters: Any, max_norm: float) -> Any:
        return torch.nn.utils.clip_grad_norm_(parameters, max_norm)

    def unwrap_model(self, model: Any) -> Any:
        return model

    def print(self, *values: Any) -> None:
        print(*values)
