import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
ls = [net(torch.randn(2, 3)).mean() for _ in range(8)]
for i in range(0, len(ls), 2):
    (ls[i] + ls[i + 1]).backward()
