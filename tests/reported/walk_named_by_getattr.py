"""A helper that looks the walk up by name; the trunk's output is walked once for each head."""

import torch
import torch.nn as nn
import torch.nn.functional as F

trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
heads = nn.ModuleList(nn.Linear(8, 2) for _ in range(2))
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.1)


def walk_all(z, y):
    for head in heads:
        getattr(F.cross_entropy(head(z), y), "backward")()  # expect: MHL101


def step(x, y):
    optimizer.zero_grad()
    walk_all(trunk(x), y)
    optimizer.step()


step(torch.randn(5, 4), torch.randint(0, 2, (5,)))
