"""The largest difference of two gradients, and the few numbers that stand for one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mhlint.proof.records import Gap

if TYPE_CHECKING:
    from torch import Tensor


def plain(gradient: Tensor) -> Tensor:
    """The gradient as a dense, real, local CPU tensor of its own (complex numbers become pairs)."""
    local = gradient.detach()
    if hasattr(local, "to_local"):
        local = local.to_local()
    if local.is_sparse:
        local = local.coalesce().to_dense()
    local = local.cpu().clone()
    if local.is_complex():
        import torch

        return torch.view_as_real(local)
    return local


def numbers(gradient: Tensor | None) -> tuple[float | None, float | None]:
    """The Euclidean norm and the sum of a gradient, in float64; None without one."""
    if gradient is None:
        return None, None
    wide = gradient.double()
    return wide.norm().item(), wide.sum().item()


def measure(before: Tensor | None, after: Tensor | None) -> Gap:
    """The largest element-wise difference; NaN equals NaN, and an infinity equals itself."""
    import torch

    if before is None or after is None:
        return _missing(before, after)
    if before.shape != after.shape:
        return Gap(math.inf, (), None, None, _scale(before))
    if not before.numel():
        return Gap(0.0, (), 0.0, 0.0, 0.0)
    one, two = before.double(), after.double()
    same = (one == two) | (one.isnan() & two.isnan())
    distance = torch.where(same, 0.0, (one - two).abs())
    distance = torch.where(distance.isnan(), math.inf, distance)
    flat = int(distance.argmax())
    index = tuple(int(i) for i in torch.unravel_index(torch.tensor(flat), distance.shape))
    return Gap(distance[index].item(), index, one[index].item(), two[index].item(), _scale(before))


def _missing(before: Tensor | None, after: Tensor | None) -> Gap:
    there = before if before is not None else after
    if there is None:
        return Gap(0.0, (), None, None, 0.0)
    if not there.numel():
        return Gap(math.inf, (), None, None, 0.0)
    gap = measure(there, there.new_zeros(there.shape))
    before_value, after_value = (gap.before, None) if before is not None else (None, gap.before)
    return Gap(math.inf, gap.place, before_value, after_value, _scale(there))


def _scale(gradient: Tensor) -> float:
    finite = gradient[gradient.isfinite()]
    return float(finite.abs().max()) if finite.numel() else 0.0
