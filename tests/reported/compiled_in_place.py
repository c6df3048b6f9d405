import torch
from torch import nn


class Add(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4))

    def forward(self, x):
        return x + self.w


net = Add()
net.compile(backend="aot_eager")
h = net(torch.randn(3, 4))
h.sum().backward()
h.mean().backward()  # expect: MHL101
