# in a function `exec` stores to copies of its names: the module's tensor is walked again
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
scores = net(torch.randn(3, 4))


def renew():
    exec("scores = net(torch.randn(3, 4))")


scores.sum().backward()
renew()
scores.pow(2).sum().backward()  # expect: MHL101
