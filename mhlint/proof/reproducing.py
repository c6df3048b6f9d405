"""Makes a run repeat itself: seeds, deterministic algorithms, and, if asked, graphs kept after a walk."""

from __future__ import annotations

import inspect
import random
import sys
from typing import Any

import torch


def repeat_the_same(seed: int) -> None:
    """Seed every generator the program starts with and ask PyTorch for deterministic algorithms."""
    random.seed(seed)
    torch.manual_seed(seed)
    if "numpy" in sys.modules or _has_numpy():
        import numpy

        numpy.random.seed(seed % 2**32)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    # Convolutions on CUDA round float32 to ten bits unless told otherwise; what a program then sets itself counts.
    torch.backends.cudnn.allow_tf32 = False


def _has_numpy() -> bool:
    try:
        import numpy  # noqa: F401
    except ImportError:
        return False
    return True


def retain_every_graph() -> None:
    """Make every backward call keep its graph, as if the program had asked for it everywhere."""
    try:
        import torch._functorch.config as functorch

        # A compiled backward gives its buffers away and then refuses a retained graph.
        functorch.donated_buffer = False
    except (ImportError, AttributeError):
        pass
    for name in ("backward", "grad"):
        setattr(torch.autograd, name, _retaining(getattr(torch.autograd, name)))


def _retaining(original: Any) -> Any:
    signature = inspect.signature(original)

    def retaining(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.arguments["retain_graph"] = True
        return original(*bound.args, **bound.kwargs)

    return retaining
