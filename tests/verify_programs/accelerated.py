"""Two heads on a trunk that lives on the device named on the command line; the precision is named there too."""

import sys

import torch
from torch import nn

device, precision = sys.argv[1:]
half = {"float16": torch.float16, "bfloat16": torch.bfloat16}.get(precision)
trunk = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(512, 32))
one, two = nn.Linear(32, 1000), nn.Linear(32, 1000)
for net in (trunk, one, two):
    net.to(device, torch.float64 if precision == "float64" else torch.float32)
optimizer = torch.optim.AdamW([*trunk.parameters(), *one.parameters(), *two.parameters()], lr=1e-3)
scaler = torch.amp.GradScaler(device, enabled=half is torch.float16, init_scale=2.0**18)

for _ in range(8):
    x = torch.randn(64, 3, 8, 8, device=device, dtype=next(trunk.parameters()).dtype)
    y = torch.randint(1000, (64,), device=device)
    optimizer.zero_grad()
    with torch.autocast(device, dtype=half or torch.bfloat16, enabled=half is not None):
        z = trunk(x)
        first = nn.functional.cross_entropy(one(z), y)
        second = nn.functional.cross_entropy(two(z), y)
    scaler.scale(first).backward(retain_graph=True)
    scaler.scale(second).backward()
    scaler.step(optimizer)
    scaler.update()
