import copy

import torch
from torch import nn, optim

net = nn.DataParallel(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1)))
tgt = copy.deepcopy(net)
opt = optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(3, 4)
net(x).mean().backward()
loss = tgt(x).mean()
opt.step()
loss.backward()
