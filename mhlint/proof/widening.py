"""Lets a program that was written for float32 compute in float64, where rounding no longer hides a difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_WIDER: dict[Any, Any] = {
    torch.float32: torch.float64,
    torch.float16: torch.float64,
    torch.bfloat16: torch.float64,
    torch.complex64: torch.complex128,
    torch.complex32: torch.complex128,
}
_CASTS: dict[Any, Any] = dict.fromkeys((Tensor.float, Tensor.half, Tensor.bfloat16), Tensor.double)
_TYPES = ("FloatTensor", "HalfTensor", "BFloat16Tensor")


def compute_in_float64() -> None:
    """Make float64 the default, and make of every other floating tensor that the program meets a float64 one.

    Autocast casts no float64 tensor, so that it does nothing here. A program that insists on a type fails.
    """
    names: Any = torch
    mode: Any = _Widening()
    torch.set_default_dtype(torch.float64)
    names.set_default_dtype = names.set_default_tensor_type = _ignore
    for name in _TYPES:
        setattr(torch, name, names.DoubleTensor)
        if hasattr(torch.cuda, name):
            setattr(torch.cuda, name, names.cuda.DoubleTensor)
    _leave_alone()
    mode.__enter__()


def _ignore(_: object) -> None:
    """The default stays."""


class _Widening(TorchFunctionMode):
    """Asks for float64 where a call asks for less, in what it is given and in what it gives."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is Tensor.backward:
            # What a walk calls, hooks and recomputed forwards, is the program's too.
            with self:
                return _walk(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name == "__get__" or func is Tensor.to_sparse:
            return func(*args, **(kwargs or {}))
        func = _CASTS.get(func, func)
        # What is written in place must stay the tensor that the program holds.
        kept = 1 if name in ("__setitem__", "__set__") or (name.endswith("_") and not name.endswith("__")) else 0
        given = (*args[:kept], *(_widened(one) for one in args[kept:]))
        result = func(*given, **{key: one if key == "out" else _widened(one) for key, one in (kwargs or {}).items()})
        return result if kept or (kwargs and "out" in kwargs) else _widened(result)


def _walk(tensor: Tensor, *args: Any, **kwargs: Any) -> None:
    names = ("gradient", "retain_graph", "create_graph", "inputs")
    given = {**dict(zip(names, args, strict=False)), **kwargs}
    gradient = given.pop("gradient", None)
    torch.autograd.backward(tensor, gradient, **given)


def _widened(one: Any) -> Any:
    if isinstance(one, Tensor):
        wider = _WIDER.get(one.dtype)
        # A parameter that is no float64 one is left for the record to show.
        if wider is None or isinstance(one, torch.nn.Parameter) or one.is_quantized:
            return one
        return one.to(wider)
    if isinstance(one, torch.dtype):
        return _WIDER.get(one, one)
    if type(one) in (list, tuple):
        return type(one)(_widened(part) for part in one)
    return one


def _leave_alone() -> None:
    """What must see the types as they are: tensors that are read from bytes, and a scaler's own numbers."""
    from torch.amp.grad_scaler import GradScaler

    places: list[tuple[Any, str]] = [(torch._utils, "_rebuild_tensor")]
    places += [(GradScaler, name) for name in ("_lazy_init_scale_growth_tracker", "unscale_", "update")]
    for place, name in places:
        setattr(place, name, _without(getattr(place, name)))


def _without(original: Callable[..., Any]) -> Callable[..., Any]:
    def plainly(*args: Any, **kwargs: Any) -> Any:
        with torch._C.DisableTorchFunction():
            return original(*args, **kwargs)

    return plainly
