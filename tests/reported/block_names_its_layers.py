import torch
from torch import nn
class Block(nn.Sequential):
    def __init__(self, d):
        super().__init__()
        self.add_module("fc", nn.Linear(d, d))
        self.add_module("act", nn.ReLU())

net = nn.ModuleList([Block(3), Block(3)])
x = torch.randn(2, 3)
for b in net:
    x = b(x)
l1, l2 = x.mean(), x.std()
l1.backward()
l2.backward()  # expect: MHL101
