import torch
from torch import nn
class Block(nn.Sequential):
    def __init__(self, d):
        super().__init__(nn.Linear(d, d), nn.ReLU(), nn.Linear(d, d))
    def forward(self, x):
        return x + super().forward(x)
net = nn.ModuleList([Block(3), Block(3)])
x = torch.randn(2, 3)
for b in net:
    x = b(x)
l1, l2 = x.mean(), x.std()
l1.backward()
l2.backward()  # expect: MHL101
