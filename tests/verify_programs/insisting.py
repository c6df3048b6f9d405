"""Runs in no other type than float32."""

import torch
from torch import nn

net, one, two = nn.Linear(3, 64), nn.Linear(64, 1), nn.Linear(64, 1)
optimizer = torch.optim.SGD([*net.parameters(), *one.parameters(), *two.parameters()], lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    z = net(torch.randn(50, 3)).tanh()
    assert str(z.dtype) == "torch.float32"
    one(z).mean().backward(retain_graph=True)
    two(z).mean().backward()
    optimizer.step()
