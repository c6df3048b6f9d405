import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.1, inplace=True), nn.Linear(3, 1))
hidden = net[1](net[0](torch.randn(2, 3)))
hidden += 1
net[2](hidden).sum().backward()  # expect: MHL103
