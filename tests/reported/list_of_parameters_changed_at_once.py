import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
loss = net(torch.randn(3, 4)).mean()
ps = list(net.parameters())
with torch.no_grad():
    torch._foreach_sub_(ps, [torch.ones_like(p) for p in ps])
loss.backward()  # expect: MHL103
