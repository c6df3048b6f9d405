import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
l1 = net(torch.randn(2, 3)).mean()
seen = set([l1, l1])
if len(seen) == 2:
    l1.backward()
for l in seen:
    l.backward()
