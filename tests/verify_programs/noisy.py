"""Draws its data from the operating system: no seed makes it repeat itself."""

import os

import torch
from torch import nn

net = nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
generator = torch.Generator().manual_seed(int.from_bytes(os.urandom(4), "big"))
for _ in range(3):
    optimizer.zero_grad()
    net(torch.randn(4, 3, generator=generator)).pow(2).mean().backward()
    optimizer.step()
