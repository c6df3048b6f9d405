import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(4, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(torch.relu(self.backbone(x)).detach())


net = Net()
for name, p in net.named_parameters():
    if "head" not in name:
        p.requires_grad = False
f = net.backbone(torch.randn(3, 4))
f.sum() if f.requires_grad else None
h = torch.relu(net.backbone(torch.randn(3, 4)))
a = net.head(h).sum()
b = net.head(h).mean()  # expect: MHL202
a.backward()
b.backward()
