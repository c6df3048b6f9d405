"""A statement that fell out of its loop moves only the last parameter, a bias, which no walk needs."""

import torch
import torch.nn as nn
import torch.nn.functional as F

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(2):
    x, y = torch.randn(5, 4), torch.randint(0, 3, (5,))
    loss = F.cross_entropy(net(x), y)
    with torch.no_grad():
        for parameter in net.parameters():
            noise = torch.randn_like(parameter)
        parameter.add_(0.01 * noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
