import torch
from torch import nn, optim
from torch.utils.checkpoint import checkpoint_sequential

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.Tanh())
opt = optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(3, 4)
net(x).sum().backward()
loss = checkpoint_sequential(net, 2, x, use_reentrant=False).sum()
opt.step()
loss.backward()  # expect: MHL103
