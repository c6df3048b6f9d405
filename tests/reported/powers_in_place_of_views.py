"""Both parts of one matrix are squared in place: a power by a number keeps a copy of the old values."""

import torch
from torch import nn

net = nn.Linear(6, 4)
for _ in range(2):
    a, b = net(torch.randn(8, 6)), net(torch.randn(8, 6))
    c = a.T @ b
    c.div_(8)
    on = torch.diagonal(c).add_(-1).pow_(2).sum()
    off = c.flatten()[:-1].view(3, 5)[:, 1:].pow_(2).sum()
    (on + 0.1 * off).backward()
