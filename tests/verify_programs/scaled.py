"""Autocast to float16 with a scaler whose first scale overflows; two heads walked one after the other."""

import torch
from torch import nn

trunk, one, two = nn.Linear(4, 8), nn.Linear(8, 1), nn.Linear(8, 1)
optimizer = torch.optim.SGD([*trunk.parameters(), *one.parameters(), *two.parameters()], lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20, growth_interval=100, backoff_factor=2.0**-10)

for _ in range(8):
    x = torch.randn(5, 4)
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.float16):
        z = trunk(x).tanh()
        losses = [head(z).float().pow(2).mean() for head in (one, two)]
    scaler.scale(losses[0]).backward(retain_graph=True)
    scaler.scale(losses[1]).backward()
    scaler.step(optimizer)
    scaler.update()
