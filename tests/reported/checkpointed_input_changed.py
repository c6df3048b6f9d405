import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
x = torch.randn(3, 4)
loss = checkpoint(net, x, use_reentrant=False).sum()
x.add_(1)
loss.backward()  # expect: MHL103
