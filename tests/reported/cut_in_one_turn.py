import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
z = net(torch.randn(2, 3))
for i in range(10):
    if i == 1:
        z.mean().backward()
    if i == 4:
        z = z.detach().requires_grad_()
    if i == 9:
        z.mean().backward()
