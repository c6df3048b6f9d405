# one draw, and one row: the loops turn once
import random

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
scores = net(torch.randn(3, 4))
for power in random.sample([1, 2, 3], 1):
    scores.pow(power).mean().backward()
row = torch.randn(1, 4)
scores = net(row)
for i in range(row.shape[0]):
    scores[i].pow(2).mean().backward()
scores = net(row)
for i in range(row.size(0)):
    scores[i].pow(2).mean().backward()
