import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 4), nn.Tanh())
w = torch.randn(3, 4, requires_grad=True)
h = torch.tanh(w)


def hook(m, i):
    print(i[0].shape)


net.register_forward_pre_hook(hook)
net(h).sum().backward()
net(h).mean().backward()  # expect: MHL101
