import torch
from torch import nn
class Heads(nn.ModuleList):
    def __init__(self, n):
        super().__init__([nn.Linear(4, 1) for _ in range(n)])
    def forward(self, h):
        return [head(h) for head in self]
trunk, heads = nn.Linear(3, 4), Heads(3)
outs = heads(trunk(torch.randn(5, 3)).tanh())
for o in outs:
    o.mean().backward()  # expect: MHL101
