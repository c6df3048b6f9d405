import torch
from torch import nn


class T(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4))

    def forward(self, x):
        return x + self.w


t = T()
t.forward = torch.compile(t.forward, backend="aot_eager")
h = t(torch.randn(3, 4))
h.sum().backward()
h.mean().backward()  # expect: MHL101
