import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
z = net(torch.randn(2, 3)).mean()
if int(2.5) == 2.5:
    z.backward()
if round(2.6) == 2:
    z.backward()
z.backward()
