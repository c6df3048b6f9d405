"""Widths are pushed on the way down and popped on the way up; an assert says that none are left. Two losses walk it."""

import os

import torch
from torch import nn


class Ladder(nn.Module):
    def __init__(self, levels, blocks):
        super().__init__()
        widths, down, up = [4], [], []
        for _ in range(levels):
            for _ in range(blocks):
                down.append(nn.Linear(4, 4))
                widths.append(4)
        for _ in reversed(range(levels)):
            for _ in range(blocks):
                up.append(nn.Linear(widths.pop(), 4))
        widths.pop()
        assert not widths
        self.down, self.up = nn.ModuleList(down), nn.ModuleList(up)

    def forward(self, x):
        for layer in [*self.down, *self.up]:
            x = torch.tanh(layer(x))
        return x


def train(levels, blocks, data):
    net = Ladder(levels, blocks)
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for batch in data:
        out = net(batch)
        out.mean().backward()
        out.pow(2).mean().backward()  # expect: MHL101
        opt.step()


if __name__ == "__main__":
    train(int(os.environ.get("LEVELS", "2")), int(os.environ.get("BLOCKS", "1")), [torch.randn(3, 4)])
