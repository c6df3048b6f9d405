import torch
from torch import nn, optim

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
opt = optim.SGD(net[0].parameters(), lr=0.1)
x = torch.randn(3, 4)
a = net(x).mean()
net(x).mean().backward()  # expect: MHL202
opt.step()
a.backward()
