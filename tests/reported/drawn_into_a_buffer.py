import torch
from torch import nn

buf = torch.empty(3, 4)
net = nn.Linear(4, 1)
ls = []
for _ in range(2):
    torch.randn(3, 4, out=buf)
    ls.append(net(buf).sum())
sum(ls).backward()  # expect: MHL103
