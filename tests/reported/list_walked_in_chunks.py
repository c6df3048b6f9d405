import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
todo = [net(torch.randn(2, 3)).mean() for _ in range(8)]
for s in range(0, len(todo), 2):
    sum(todo[s:s + 2]).backward()
