# the head that is the last one of the list does not retain
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]
z = trunk(torch.randn(3, 4))
for head in heads:
    head(z).mean().backward(retain_graph=head is not heads[-1])  # expect: MHL201
