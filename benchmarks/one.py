"""One form of one model, measured: time, trunk walks, saved bytes, peak memory, and its gradients checked."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.forms import summed
from benchmarks.models import Net, Setting, build
from mhlint.proof import memory

Step = Callable[[Net], None]
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_AT_LEAST_S = 0.2


def cost_cpu(setting: Setting, step: Step, n: int) -> dict[str, Any]:
    """Memory, walks and gradients of one form; in a fork of its own, which sees no other form's allocations."""
    return _in_fork(lambda: _cost(setting, step, n))


def time_cpu(setting: Setting, step: Step, n: int) -> float:
    """The seconds of the fastest step of one form, in a fork of its own."""
    return float(_in_fork(lambda: {"seconds": _time(setting, step, n)})["seconds"])


def measure_cuda(setting: Setting, step: Step, n: int, rounds: int) -> dict[str, Any]:
    """Measure on the CUDA device; what does not fit gives nulls and says so."""
    _free()
    try:
        return _measure_cuda(setting, step, n, rounds)
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        return {"seconds": None, "saved_bytes": None, "peak_bytes": None, "out_of_memory": True}
    finally:
        _free()


def fits_cuda(setting: Setting, step: Step, n: int) -> bool:
    """Whether one step of this form fits on the CUDA device."""
    _free()
    try:
        step(build(setting, n, "cuda"))
        torch.cuda.synchronize()
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        return False
    finally:
        _free()
    return True


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether the device had no room: PyTorch's own error, or one of a library that found none left for itself."""
    full = isinstance(error, torch.cuda.OutOfMemoryError)
    return full or any(text in str(error) for text in ("ALLOC_FAILED", "CUDA error: out of memory"))


def largest(fits: Callable[[int], bool], most: int) -> int:
    """The largest number from 0 to `most` that fits; what is larger than one that does not fit does not either."""
    low, high = 0, 1
    while high <= most and fits(high):
        low, high = high, 2 * high
    high = min(high, most + 1)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _measure_cuda(setting: Setting, step: Step, n: int, rounds: int) -> dict[str, Any]:
    net = build(setting, n, "cuda")
    step(net)
    gc.collect()
    torch.cuda.synchronize()
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step(net)
    torch.cuda.synchronize()
    peak = torch.cuda.max_memory_allocated()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        step(net)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return {
        "seconds": min(times),
        "peak_bytes": peak - before,
        "device_bytes": peak,
        **_walks(net, step),
    }


def _free() -> None:
    gc.collect()
    torch.cuda.empty_cache()


def _time(setting: Setting, step: Step, n: int) -> float:
    net = build(setting, n, "cpu")
    step(net)
    times: list[float] = []
    # Processor time: waiting for a shared core does not count.
    while not times or (sum(times) < _AT_LEAST_S and len(times) < 50):
        began = time.process_time()
        step(net)
        times.append(time.process_time() - began)
    return min(times)


def _cost(setting: Setting, step: Step, n: int) -> dict[str, Any]:
    net = build(setting, n, "cpu")
    _give_back_at_once()
    step(net)
    gc.collect()
    memory.forget_resident_peak()
    before = memory.resident_peak() or 0
    step(net)
    peak = (memory.resident_peak() or 0) - before
    return {
        "peak_bytes": peak,
        **_saved(net, step),
        **_walks(net, step),
        "difference": _difference(net, step),
    }


def _saved(net: Net, step: Step) -> dict[str, Any]:
    ledger = memory.SavedBytes()
    for parameter in net.parameters:
        ledger.leave_out(parameter)
    watching = ledger.start()
    try:
        step(net)
        return {"saved_bytes": ledger.take_peak()}
    except RuntimeError as error:
        # torch.vmap, which TorchJD runs its walks in, may refuse hooks on saved tensors.
        return {"saved_bytes": None, "saved_note": str(error).splitlines()[0]}
    finally:
        watching.__exit__(None, None, None)


def _walks(net: Net, step: Step) -> dict[str, Any]:
    """How often the trunk's first layer ran forward, and how often its weight got a gradient."""
    counts = [0, 0]
    first = next(net.trunk.parameters())

    def forward(*_: object) -> None:
        counts[0] += 1

    def walked(gradient: Tensor) -> None:
        counts[1] += 1

    hooks = [net.trunk.register_forward_hook(forward), first.register_hook(walked)]
    step(net)
    for hook in hooks:
        hook.remove()
    return {"trunk_forwards": counts[0], "trunk_walks": counts[1]}


def _difference(net: Net, step: Step) -> float:
    """The largest difference to the summed loss's gradients, each relative to its parameter's largest."""
    found = []
    for one in (summed, step):
        for parameter in net.parameters:
            parameter.grad = torch.zeros_like(parameter)
        one(net)
        found.append([parameter.grad for parameter in net.parameters])
    pairs = [(one, two) for one, two in zip(*found, strict=True) if one is not None and two is not None]
    return max(((one - two).abs().max() / one.abs().max()).item() for one, two in pairs)


def _give_back_at_once() -> None:
    """Have glibc return freed blocks to the system, so that resident memory follows what is in use."""
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, 65536)
        library.mallopt(_M_TRIM_THRESHOLD, 65536)


def _in_fork(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(read)
            with os.fdopen(write, "w") as pipe:
                json.dump(work(), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    if status:
        raise RuntimeError("a measurement failed; its message stands above")
    result: dict[str, Any] = json.loads(text)
    return result
