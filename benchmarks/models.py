"""The models that are measured: a trunk, n heads, one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Setting(NamedTuple):
    """A model's sizes. A `transformer` trunk takes sequences of 1024 tokens; `rows` are tokens in all."""

    name: str
    kind: str
    depth: int
    width: int
    rows: int
    out: int
    dtype: torch.dtype = torch.float32


class Net(NamedTuple):
    """A model with its batch: the trunk's input and one target for each head."""

    trunk: nn.Module
    heads: nn.ModuleList
    x: Tensor
    targets: Sequence[Tensor]

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All parameters, the trunk's first."""
        return [*self.trunk.parameters(), *self.heads.parameters()]


SCALES: dict[str, tuple[Setting, ...]] = {
    "quick": (
        Setting("trunk-heavy", "mlp", 4, 128, 64, 5),
        Setting("even", "mlp", 2, 64, 64, 256),
        Setting("vocabulary-heavy", "mlp", 1, 32, 128, 2048),
    ),
    "modest": (
        Setting("trunk-heavy", "mlp", 8, 512, 256, 10),
        Setting("even", "mlp", 4, 256, 512, 1024),
        Setting("vocabulary-heavy", "mlp", 1, 128, 512, 8192),
    ),
    "full": (
        Setting("trunk-heavy", "mlp", 10, 1024, 512, 10),
        Setting("even", "mlp", 4, 512, 1024, 4096),
        Setting("vocabulary-heavy", "mlp", 1, 256, 2048, 32768),
    ),
}

CUDA_SCALES: dict[str, tuple[Setting, ...]] = {
    "quick": (Setting("V 32k, 1k tokens", "transformer", 1, 1024, 1024, 32_000, torch.bfloat16),),
    "full": tuple(
        Setting(f"V {out // 1000}k, {rows // 1024}k tokens", "transformer", 2, 4096, rows, out, torch.bfloat16)
        for out in (32_000, 128_000)
        for rows in (4096, 8192)
    ),
}
CUDA_SCALES["modest"] = CUDA_SCALES["full"][:1]

_SEQUENCE = 1024


def build(setting: Setting, heads: int, device: str) -> Net:
    """A model of this setting with `heads` heads, alike for the same arguments."""
    torch.manual_seed(0)
    width, dtype = setting.width, setting.dtype
    with torch.device(device):
        if setting.kind == "transformer":
            trunk = nn.Sequential(*(_layer(width, dtype) for _ in range(setting.depth)), nn.Flatten(0, 1))
            x = torch.randn(setting.rows // _SEQUENCE, _SEQUENCE, width, dtype=dtype)
        else:
            blocks = [nn.Sequential(nn.Linear(width, width, dtype=dtype), nn.GELU()) for _ in range(setting.depth)]
            trunk = nn.Sequential(*blocks)
            x = torch.randn(setting.rows, width, dtype=dtype)
        modules = nn.ModuleList(nn.Linear(width, setting.out, bias=False, dtype=dtype) for _ in range(heads))
        targets = [torch.randint(setting.out, (setting.rows,)) for _ in range(heads)]
    net = Net(trunk, modules, x, targets)
    for parameter in net.parameters:
        parameter.grad = torch.zeros_like(parameter)
    return net


def _layer(width: int, dtype: torch.dtype) -> nn.Module:
    return nn.TransformerEncoderLayer(
        width, width // 128, 4 * width, dropout=0.0, batch_first=True, norm_first=True, dtype=dtype
    )
