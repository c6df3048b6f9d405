import torch
from torch import nn, optim

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
ps = [p for n, p in net.named_parameters() if n.startswith("0.")]
opt = optim.SGD(ps, lr=0.1)
loss = net(torch.randn(3, 4)).mean()
net(torch.randn(3, 4)).mean().backward()
opt.step()
loss.backward()
