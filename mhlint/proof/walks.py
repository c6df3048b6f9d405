"""Counts backward calls, the scalars they start from, and the gradients each parameter gets."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_COARSENESS = ("float64", "float32", "tfloat32", "float16", "bfloat16")


class Walks:
    """Counts since they were last taken; parameters are counted from the moment they are watched."""

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}
        self.watched: dict[int, weakref.ref[Tensor]] = {}
        self.losses: list[Tensor] = []
        self.calls = 0
        self.autocast: set[str] = set()

    def watch(self, parameter: Tensor) -> None:
        """Count this parameter's gradients from now on; one that is no leaf, or frozen, cannot be counted."""
        known = self.watched.get(id(parameter))
        if (
            (known is not None and known() is parameter)
            or not parameter.requires_grad
            or not parameter.is_leaf
        ):
            return
        key = id(parameter)

        def count(_: Tensor) -> None:
            self.counts[key] = self.counts.get(key, 0) + 1

        counted: Any = parameter
        counted.register_post_accumulate_grad_hook(count)
        self.watched[key] = weakref.ref(parameter)

    def take(self, parameter: Tensor) -> int:
        """How many gradients the parameter got."""
        return self.counts.pop(id(parameter), 0)

    def take_losses(self) -> tuple[float, ...]:
        """The values of the scalars that were walked, in order."""
        losses, self.losses = self.losses, []
        return tuple(loss.item() for loss in losses)

    def take_calls(self) -> int:
        """The number of backward calls."""
        calls, self.calls = self.calls, 0
        return calls

    def take_precision(self, parameters: Sequence[Tensor], wide: bool) -> str:
        """The coarsest floating type among the parameters' and those that autocast was entered with.

        In a run that is `wide` the tensors are float64 ones, which autocast leaves alone.
        """
        used = {str(one.dtype).removeprefix("torch.") for one in parameters} - {"complex128"}
        used |= set() if wide else self.autocast
        self.autocast = set()
        if "float32" in used and any(one.is_cuda for one in parameters) and _rounds_float32():
            used.add("tfloat32")
        return max((name for name in used if name in _COARSENESS), key=_COARSENESS.index, default="float32")

    def install(self) -> None:
        """Watch `torch.autograd.backward`, which `Tensor.backward` calls, and what enters autocast."""
        original = torch.autograd.backward

        def backward(tensors: Any, grad_tensors: Any = None, *args: Any, **kwargs: Any) -> Any:
            roots = (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)
            self.calls += 1
            for root in roots:
                if (
                    isinstance(root, Tensor)
                    and root.numel() == 1
                    and not root.is_complex()
                    and grad_tensors is None
                ):
                    self.losses.append(root.detach().clone())
            return original(roots, grad_tensors, *args, **kwargs)

        torch.autograd.backward = backward
        autocast: Any = torch.amp.autocast_mode.autocast
        enter = autocast.__enter__

        def entered(context: Any) -> Any:
            if context._enabled:
                self.autocast.add(str(context.fast_dtype).removeprefix("torch."))
            return enter(context)

        autocast.__enter__ = entered


def _rounds_float32() -> bool:
    """Whether the program lets CUDA multiply float32 in TF32, which keeps ten bits of the mantissa."""
    try:
        return bool(torch.backends.cuda.matmul.allow_tf32 or torch.backends.cudnn.allow_tf32)
    except RuntimeError:
        # The older flags cannot be read where the program set the newer fp32_precision.
        return True
