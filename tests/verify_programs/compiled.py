"""A compiled trunk, walked once for each loss."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
trunk = torch.compile(net, backend="aot_eager")
one, two = nn.Linear(4, 1), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*net.parameters(), *one.parameters(), *two.parameters()], lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    z = trunk(torch.randn(5, 3))
    one(z).pow(2).mean().backward(retain_graph=True)
    two(z).pow(2).mean().backward()
    optimizer.step()
