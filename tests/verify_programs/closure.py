"""LBFGS evaluates its closure several times a step; the model is float64."""

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
trunk, one, two = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
x = torch.randn(7, 3)
optimizer = torch.optim.LBFGS([*trunk.parameters(), *one.parameters(), *two.parameters()], max_iter=3)


def closure():
    optimizer.zero_grad()
    z = trunk(x).tanh()
    one(z).pow(2).mean().backward(retain_graph=True)
    two(z).sin().mean().backward()
    return one(z).pow(2).mean().detach()


for _ in range(5):
    optimizer.step(closure)
