# a loss that is no number would be walked twice: no run gets there
import math

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
for _ in range(2):
    loss = net(torch.randn(3, 4)).pow(2).mean()
    if torch.isnan(loss).any():
        loss.backward()
    loss.backward()
    if not math.isfinite(loss.item()):
        loss.backward()
