import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
z = net(torch.randn(2, 3))
for epoch in range(10):
    if epoch > 7:
        if epoch < 3:
            z.mean().backward()
    if epoch == 4:
        z.sum().backward()
