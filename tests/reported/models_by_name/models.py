import torch
from torch import nn

__all__ = ["small"]


class _Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc = nn.Linear(4, width)

    def forward(self, x):
        return torch.tanh(self.fc(x))


def small(width=10, **_):
    return _Net(width)
