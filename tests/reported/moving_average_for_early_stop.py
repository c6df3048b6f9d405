"""The mean of the last losses decides when to stop; it is only looked at."""
from collections import deque

import torch
import torch.nn as nn

torch.manual_seed(0)
window = deque(maxlen=3)
net = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)


def batch(n=16):
    x = torch.rand(n, 2)
    return x, (x[:, :1] * x[:, 1:])


step, done = 0, False
while not done:
    x, y = batch()
    loss = nn.functional.l1_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    window.append(loss)
    smooth = sum(window) / len(window)
    step += 1
    done = step == 5 or smooth.item() < 1e-3
