import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 3), nn.ReLU6(inplace=True), nn.Hardtanh(inplace=True), nn.Linear(3, 1))
net(torch.randn(2, 3)).sum().backward()
