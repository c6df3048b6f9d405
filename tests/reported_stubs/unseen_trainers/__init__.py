"""A library of base classes for trainers that the analyser does not see."""

import torch
from torch import nn


class Engine:
    """Begins its loss anew with each batch."""

    def __init__(self):
        self.net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def compute(self, x: torch.Tensor) -> None:
        self.loss = self.net(x).pow(2).mean()


judge = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))


def drive(owner: object, names: list[str], batches: torch.Tensor) -> None:
    """Call methods by their names on each batch."""
    for batch in batches:
        for name in names:
            getattr(owner, name)(batch)
