"""Makes a run repeat itself: seeds, deterministic algorithms, and, if asked, graphs kept after a walk."""

from __future__ import annotations

import inspect
import random
from types import ModuleType
from typing import Any

import torch


def repeat_the_same(seed: int) -> None:
    """Seed every generator, also those that the program seeds from nowhere; ask for deterministic algorithms."""
    numpy = _numpy()
    random.seed(seed)
    torch.manual_seed(seed)
    if numpy is not None:
        numpy.random.seed(seed % 2**32)
    _seed_what_asks_for_no_seed(seed, numpy)
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cudnn.benchmark = False
    # Convolutions on CUDA round float32 to ten bits unless told otherwise; what a program then sets itself counts.
    torch.backends.cudnn.allow_tf32 = False


def _numpy() -> ModuleType | None:
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _seed_what_asks_for_no_seed(seed: int, numpy: Any) -> None:
    """What is to be seeded by the operating system gets numbers of one seeded stream: gymnasium's resets do that."""
    stream = random.Random(seed)
    own = random.Random.seed

    def seeded(self: random.Random, a: Any = None, version: int = 2) -> None:
        own(self, stream.getrandbits(64) if a is None else a, version)

    python: Any = random
    python.Random.seed = seeded
    python.seed = python.seed.__self__.seed
    modules: tuple[Any, ...] = (torch, torch.random)
    for module in modules:
        module.seed = lambda: torch.manual_seed(stream.getrandbits(63)).initial_seed()
    # What numpy's SeedSequence() takes its entropy from, for default_rng() and RandomState().
    bits: Any = getattr(getattr(numpy, "random", None), "bit_generator", None)
    if hasattr(bits, "randbits"):
        bits.randbits = stream.getrandbits


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
