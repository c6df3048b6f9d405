import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
ls = [(3, net(torch.randn(2, 3)).mean()), (1, net(torch.randn(2, 3)).mean())]
s = sorted(ls, key=lambda p: p[0])
s[0][1].backward()
ls[0][1].backward()
