from collections import deque

import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
q = deque([net(torch.randn(2, 3)).mean() for _ in range(3)])
for _ in range(3):
    q[0].backward()
    q.rotate(-1)
