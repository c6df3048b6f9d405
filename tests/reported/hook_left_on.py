# the hook keeps what the second forward makes, too
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
kept = []
net[1].register_forward_hook(lambda module, inputs, output: kept.append(output))
net(torch.randn(3, 4))
net(torch.randn(3, 4)).mean().backward()
for features in kept:
    features.pow(2).mean().backward()  # expect: MHL101
