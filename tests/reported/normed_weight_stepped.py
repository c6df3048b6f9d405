import torch
from torch import nn, optim
from torch.nn.utils.parametrizations import spectral_norm

net = nn.Sequential(spectral_norm(nn.Linear(4, 4)), nn.Tanh(), nn.Linear(4, 1))
opt = optim.SGD(net[0].parameters(), lr=0.1)
x = torch.randn(3, 4)
a = net(x).mean()
net(x).mean().backward()
opt.step()
a.backward()  # expect: MHL103
