import torch
import torch.nn as nn


def layers(widths):
    made, width = [], 3
    for item in widths:
        if item == "pool":
            made += [nn.MaxPool2d(2, stride=1)]
        else:
            made += [nn.Conv2d(width, item, 3, padding=1), nn.ReLU(inplace=True)]
            width = item
    return made + [nn.MaxPool2d(2, stride=1), nn.Conv2d(width, 6, 1), nn.ReLU(inplace=True)]


class Detector(nn.Module):
    def __init__(self, base, tops):
        super().__init__()
        self.base = nn.ModuleList(base)
        self.tops = nn.ModuleList(tops)

    def forward(self, x):
        maps = []
        for k in range(7):
            x = self.base[k](x)
        maps.append(x)
        for k in range(7, len(self.base)):
            x = self.base[k](x)
        maps.append(x)
        return torch.cat([top(one).mean((2, 3)) for top, one in zip(self.tops, maps)], 1)


net = Detector(layers([4, 4, "pool", 4, 4, "pool", 4]), [nn.Conv2d(4, 2, 1), nn.Conv2d(6, 2, 1)])
optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
for step in range(3):
    optimizer.zero_grad()
    loss = net(torch.randn(2, 3, 8, 8)).pow(2).mean()
    loss.backward()
    optimizer.step()
