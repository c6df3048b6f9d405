import copy
import torch
from torch import nn
import torch.nn.functional as F
class MaskedLinear(nn.Linear):
    def __init__(self, i, o, bias=True):
        super(MaskedLinear, self).__init__(i, o, bias)
        self.register_buffer("mask", torch.ones(o, i))
    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)
net = nn.Sequential(MaskedLinear(3, 4), nn.Tanh(), MaskedLinear(4, 2, bias=False))
net.requires_grad_(False)
net[2].weight = nn.Parameter(torch.randn(2, 4))
opt = torch.optim.SGD(net.parameters(), lr=.1)
for _ in range(2):
    out = net(torch.randn(4, 3))
    a, b = out[:, 0].pow(2).mean(), out[:, 1].pow(2).mean()
    opt.zero_grad()
    (a + b).backward()
    opt.step()
