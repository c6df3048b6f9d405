"""LibMTL's representation-gradient mode, driven as its Trainer does."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import torch
from torch.nn import functional as F

from benchmarks.models import Net


def libmtl() -> Callable[[Net], None]:
    """The step of hard parameter sharing with `rep_grad`, all tasks weighted by one; raises ImportError.

    Its Trainer writes the losses into one tensor, so that each task's walk goes through every head; its
    release keeps the representation by task, so that the last walks go through the trunk once for each.
    """
    sharing, weighting = _classes()

    class Equal(sharing, weighting):  # type: ignore[misc, valid-type]
        def backward(self, losses: torch.Tensor) -> None:
            gradients, _ = self._get_grads(losses, mode="backward")
            self._backward_new_grads(torch.ones(self.task_num), per_grads=gradients)

    def step(net: Net) -> None:
        tasks = [str(number) for number in range(len(net.heads))]
        heads = torch.nn.ModuleDict(zip(tasks, net.heads, strict=True))
        model: Any = Equal(tasks, lambda: net.trunk, heads, True, False, torch.device("cpu"))
        outputs = model(net.x)
        losses = torch.zeros(len(tasks))
        for number, (task, target) in enumerate(zip(tasks, net.targets, strict=True)):
            losses[number] = F.cross_entropy(outputs[task], target)
        model.backward(losses)

    return step


def _classes() -> tuple[type, type]:
    """The two classes; without LibMTL's own `__init__`, whose models want a torchvision of 2021."""
    spec = importlib.util.find_spec("LibMTL")
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError("LibMTL is not installed")
    bare = ModuleType("LibMTL")
    bare.__path__ = list(spec.submodule_search_locations)
    sys.modules.setdefault("LibMTL", bare)
    from LibMTL.architecture.HPS import HPS  # type: ignore[import-not-found]
    from LibMTL.weighting.abstract_weighting import AbsWeighting  # type: ignore[import-not-found]

    return HPS, AbsWeighting
