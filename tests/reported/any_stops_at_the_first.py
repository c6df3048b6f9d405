# any() asks no further than the first that is true, all() no further than the first that is false
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]


def walked(head, z):
    head(z).mean().backward()
    return True


z = trunk(torch.randn(3, 4))
print(any(walked(head, z) for head in heads))
z = trunk(torch.randn(3, 4))
print(all(not walked(head, z) for head in heads))
