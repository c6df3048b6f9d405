"""Draws its data from generators that it seeds from nowhere."""

import random

import numpy
import torch
from torch import nn

net, one, two = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*net.parameters(), *one.parameters(), *two.parameters()], lr=0.1)
torch.seed()
numpy.random.seed()
random.seed()
for _ in range(3):
    optimizer.zero_grad()
    x = torch.from_numpy(numpy.random.default_rng().random((5, 3)) + numpy.random.random((5, 3))).float()
    x = x + torch.randn(5, 3) * random.Random().random() + random.random()
    x = x + torch.tensor(numpy.random.RandomState().rand(5, 3)).float()
    z = net(x).tanh()
    one(z).pow(2).mean().backward(retain_graph=True)
    two(z).pow(2).mean().backward()
    optimizer.step()
