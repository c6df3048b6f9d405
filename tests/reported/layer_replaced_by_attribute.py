import torch
import torch.nn as nn

net = nn.Sequential()
net.add_module('a', nn.Linear(3, 4))
net.add_module('t', nn.Tanh())
net.a = nn.Identity()
z = net(torch.randn(2, 3))
a, b = nn.Linear(3, 1), nn.Linear(3, 1)
a(z).mean().backward()
b(z).mean().backward()
