import torch
from torch import nn, optim
from torch.utils.checkpoint import checkpoint

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
opt = optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(3, 4, requires_grad=True)
net(x).mean().backward()
loss = checkpoint(net, x, use_reentrant=True).mean()
opt.step()
loss.backward()
