import torch
import torch.nn as nn
import torch.nn.functional as F


class Gate(nn.Module):
    """Squeezes to a grid, which keeps the input: scaled in place, it is not what the walk needs."""

    def __init__(self, channels):
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(2)
        self.excite = nn.Sequential(nn.Conv2d(channels, channels, 1), nn.Sigmoid())

    def forward(self, x):
        x *= F.interpolate(self.excite(self.squeeze(x)), x.shape[2:])
        x *= self.excite(F.adaptive_avg_pool2d(x, (1, 1)))
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 6, 3), nn.BatchNorm2d(6), Gate(6))
        self.head = nn.Linear(6, 2)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(3):
    loss = F.cross_entropy(net(torch.rand(4, 3, 6, 6)), torch.randint(0, 2, (4,)))
    optimizer.zero_grad()
    loss.backward()  # expect: MHL103
    optimizer.step()
