import copy

import torch
from torch import nn, optim

a = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
opt = optim.SGD(a.parameters(), lr=0.1)
opt2 = copy.deepcopy(opt)
x = torch.randn(3, 4)
la = a(x).mean()
a(x).mean().backward()  # expect: MHL202
opt2.step()
la.backward()
