import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
ps = dict(net.named_parameters())
loss = net(torch.randn(3, 4)).mean()
with torch.no_grad():
    ps["2.weight"].mul_(0.9)
loss.backward()  # expect: MHL103
