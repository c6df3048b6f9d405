import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
x = torch.randn(3, 4)
net(x).mean().backward()
loss = net(x).mean()  # expect: MHL202
torch._foreach_mul_([p.grad for p in net.parameters()], 0.1)
loss.backward()
