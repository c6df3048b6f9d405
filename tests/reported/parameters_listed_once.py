# what parameters() gives is taken once: when they have been counted, nothing is left to freeze
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
parameters = net.parameters()
print(sum(parameter.numel() for parameter in parameters))
for parameter in parameters:
    parameter.requires_grad_(False)
net(torch.randn(3, 4)).mean().backward()
