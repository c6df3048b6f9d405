"""Trains a few steps."""

import torch
from torch import nn

from package.steps import walk


def main():
    net, heads = nn.Linear(3, 4), nn.ModuleList(nn.Linear(4, 1) for _ in range(3))
    optimizer = torch.optim.SGD([*net.parameters(), *heads.parameters()], lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        walk(net, heads, torch.randn(5, 3))
        optimizer.step()


if __name__ == "__main__":
    main()
