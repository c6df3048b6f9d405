import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
todo = [net(torch.randn(2, 3)).mean() for _ in range(8)]
todo[0].backward()
for i in range(1, len(todo)):
    todo[i].backward()
