# the hook is taken off: the second forward keeps nothing, and the third one's output is what was kept
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
kept = []
handle = net[1].register_forward_hook(lambda module, inputs, output: kept.append(output))
net(torch.randn(3, 4))
handle.remove()
net(torch.randn(3, 4)).mean().backward()
with net[1].register_forward_hook(lambda module, inputs, output: kept.append(output)):
    net(torch.randn(3, 4))
net(torch.randn(3, 4)).mean().backward()
for features in kept:
    features.pow(2).mean().backward()
