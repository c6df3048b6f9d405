# a package that may be missing stands for None then: nothing is retained
import torch
from torch import nn

try:
    import amplifier_of_another_world as amplifier
except ImportError:
    amplifier = None

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
scores = net(torch.randn(3, 4))
scores.sum().backward(retain_graph=amplifier is not None)
scores.pow(2).sum().backward()  # expect: MHL101
