"""A stand-in for deepspeed on one CPU process: an engine that calls, walks and steps."""

from __future__ import annotations

from typing import Any

import torch


class DeepSpeedEngine(torch.nn.Module):
    """Wraps a module and its optimizer; a step clears the gradients afterwards, as the real one does."""

    def __init__(self, module: torch.nn.Module, optimizer: torch.optim.Optimizer) -> None:
        super().__init__()
        self.module = module
        self.optimizer = optimizer

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def backward(self, loss: torch.Tensor, retain_graph: bool = False) -> torch.Tensor:
        loss.backward(retain_graph=retain_graph)  # type: ignore[no-untyped-call]
        return loss

    def step(self) -> None:
        self.optimizer.step()
        self.optimizer.zero_grad()


def initialize(model: Any = None, model_parameters: Any = None, optimizer: Any = None, **_: Any) -> Any:
    """An engine, its optimizer, and two places for a loader and a schedule."""
    if optimizer is None:
        optimizer = torch.optim.SGD(list(model_parameters or model.parameters()), lr=0.01)
    return DeepSpeedEngine(model, optimizer), optimizer, None, None
