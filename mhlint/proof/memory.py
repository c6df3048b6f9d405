"""Peaks of memory between two moments: bytes of saved tensors, resident memory, device memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class SavedBytes:
    """Counts the bytes that live saved tensors hold, each storage once; parameters are left out.

    Only what PyTorch shows to `saved_tensors_hooks` is seen: not what a scalar factor keeps.
    """

    def __init__(self) -> None:
        self.parameters: set[int] = set()
        self.live: dict[int, list[int]] = {}
        self.now = 0
        self.peak = 0

    def start(self) -> Any:
        """Watch this thread from now on; gives the context to close."""
        hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda held: held.tensor)
        hooks.__enter__()
        return hooks

    def leave_out(self, parameter: Tensor) -> None:
        """Parameters are there anyway: what saves them costs nothing."""
        self.parameters.add(parameter.untyped_storage().data_ptr())

    def take_peak(self) -> int:
        """The peak since the last call, in bytes."""
        peak, self.peak = self.peak, self.now
        return peak

    def _pack(self, tensor: Tensor) -> _Held:
        try:
            storage = tensor.untyped_storage()
            key, size = storage.data_ptr(), storage.nbytes()
        except (RuntimeError, NotImplementedError):
            return _Held(tensor, self, 0)
        if key in self.parameters:
            return _Held(tensor, self, 0)
        entry = self.live.setdefault(key, [0, size])
        if not entry[0]:
            self.now += size
            self.peak = max(self.peak, self.now)
        entry[0] += 1
        return _Held(tensor, self, key)

    def release(self, key: int) -> None:
        """One saved tensor over this storage is gone."""
        entry = self.live[key]
        entry[0] -= 1
        if not entry[0]:
            self.now -= self.live.pop(key)[1]


class _Held:
    """A saved tensor, for as long as its graph keeps it."""

    __slots__ = ("key", "ledger", "tensor")

    def __init__(self, tensor: Tensor, ledger: SavedBytes, key: int) -> None:
        # With its own grad_fn, which PyTorch puts back, a result would keep its node alive for ever.
        self.tensor, self.ledger, self.key = tensor.detach(), ledger, key

    def __del__(self) -> None:
        if self.key:
            self.ledger.release(self.key)


def forget_resident_peak() -> None:
    """Let the kernel's peak of resident memory begin anew (Linux; elsewhere it goes on)."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def resident_peak() -> int | None:
    """The peak of resident memory in bytes, None where it cannot be read."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    if os.name == "nt":
        return None
    import resource
    import sys

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def devices_in_use() -> list[int]:
    """The CUDA devices that this process keeps memory on; asking begins no use of CUDA, nor of another device.

    To wait for a device, or to ask it more, would make a context there, some hundred MiB for each process.
    """
    cuda: Any = torch.cuda
    if not (cuda.is_available() and cuda.is_initialized()):
        return []
    return [device for device in range(cuda.device_count()) if cuda.memory_reserved(device)]


def finish_device_work() -> None:
    """Wait for what CUDA still computes, on every device: a clock that is read before tells only of launches."""
    for device in devices_in_use():
        torch.cuda.synchronize(device)


def forget_device_peak() -> None:
    """Let CUDA's peaks begin anew, if CUDA is in use."""
    for device in devices_in_use():
        torch.cuda.reset_peak_memory_stats(device)


def device_peak() -> int | None:
    """The peak of allocated CUDA memory in bytes, on the device with most; None if CUDA is not in use."""
    return max((torch.cuda.max_memory_allocated(device) for device in devices_in_use()), default=None)
