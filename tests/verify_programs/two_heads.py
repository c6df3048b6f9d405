"""Two heads on one trunk, every loss walked by itself; arguments plant a difference."""

import argparse

import torch
from torch import nn
from torch.nn import functional as F

arguments = argparse.ArgumentParser()
arguments.add_argument("--raise", dest="raises", action="store_true")
arguments.add_argument("--dtype", default="float32")
options = arguments.parse_args()

dtype = getattr(torch, options.dtype)
trunk = nn.Sequential(nn.Linear(6, 8), nn.Tanh()).to(dtype)
heads = nn.ModuleList([nn.Linear(8, 3), nn.Linear(8, 2)]).to(dtype)
optimizer = torch.optim.Adam([*trunk.parameters(), *heads.parameters()], lr=0.01)

for _ in range(10):
    x = torch.randn(5, 6, dtype=dtype)
    targets = [torch.randn(5, 3, dtype=dtype), torch.randn(5, 2, dtype=dtype)]
    optimizer.zero_grad()
    z = trunk(x)
    losses = [F.mse_loss(head(z), target) for head, target in zip(heads, targets, strict=True)]
    losses[0].backward(retain_graph=not options.raises)
    losses[1].backward()
    optimizer.step()
