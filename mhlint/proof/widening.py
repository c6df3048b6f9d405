"""Lets a program that was written for float32 compute in float64, where rounding no longer hides a difference."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack

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
    _widen_new_parameters()
    _widen_what_walks_call(mode)
    _compile_nothing()
    mode.__enter__()


def _compile_nothing() -> None:
    """Compiled and scripted code keeps casts that the mode does not see; Python's own runs in their place."""
    torch.jit._state.disable()
    # Read where a program first compiles; to import what reads it would take a second of every run.
    os.environ["TORCHDYNAMO_DISABLE"] = "1"


def _ignore(_: object) -> None:
    """The default stays."""


class _Widening(TorchFunctionMode):
    """Asks for float64 where a call asks for less, in what it is given and in what it gives."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = getattr(func, "__name__", "")
        if name == "__get__" or func is Tensor.to_sparse:
            return func(*args, **(kwargs or {}))
        func = _CASTS.get(func, func)
        # What is written in place must stay the tensor that the program holds.
        kept = 1 if name in ("__setitem__", "__set__") or (name.endswith("_") and not name.endswith("__")) else 0
        given = (*args[:kept], *(_widened(one) for one in args[kept:]))
        result = func(*given, **{key: one if key == "out" else _widened(one) for key, one in (kwargs or {}).items()})
        return result if kept or (kwargs and "out" in kwargs) else _widened(result)


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


def _widen_new_parameters() -> None:
    """A parameter made of numpy's numbers, which no call of the program widens, is a float64 one too."""
    original = torch.nn.Parameter.__new__

    def new(cls: Any, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        return original(cls, _widened(data), *args, **kwargs)

    parameter: Any = torch.nn.Parameter
    parameter.__new__ = new


def _widen_what_walks_call(mode: TorchFunctionMode) -> None:
    """What a walk calls, hooks, written backwards and recomputed forwards, is the program's too.

    It would run without the mode, which torch puts aside while it handles the call that walks.
    """
    modules: tuple[Any, ...] = (torch.autograd, torch.autograd.graph)
    for module in modules:
        module._engine_run_backward = _under(mode, module._engine_run_backward)


def _under(mode: TorchFunctionMode, original: Callable[..., Any]) -> Callable[..., Any]:
    stack: Callable[[], list[Any]] = _get_current_function_mode_stack

    def walk(*args: Any, **kwargs: Any) -> Any:
        if mode in stack():
            return original(*args, **kwargs)
        with mode:
            return original(*args, **kwargs)

    return walk


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
