"""Which stores could matter to a later verdict: those of tensors, objects and flags."""

from __future__ import annotations

from mhlint.autograd.machine import Machine
from mhlint.autograd.values import Const, Tensor, Unknown, Value


def note_effect(machine: Machine, old: Value | None, new: Value) -> None:
    """Count a store unless both the old and the new value are plain data."""
    became_known = old is not None and isinstance(old, Const) != isinstance(new, Const)
    if became_known or not all(value is None or _is_data(value) for value in (old, new)):
        machine.effects += 1


def _is_data(value: Value) -> bool:
    if isinstance(value, Const):
        return isinstance(value.value, float) or (isinstance(value.value, str) and len(value.value) > 20)
    if isinstance(value, Unknown):
        return not value.deps
    return isinstance(value, Tensor) and value.node is None and value.requires_grad is False
