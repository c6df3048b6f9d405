import copy

import torch
from torch import nn, optim

a = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
opt = optim.SGD(a.parameters(), lr=0.1)
b, opt2 = copy.deepcopy((a, opt))
x = torch.randn(3, 4)
lb = b(x).mean()
b(x).mean().backward()
opt2.step()
lb.backward()  # expect: MHL103
