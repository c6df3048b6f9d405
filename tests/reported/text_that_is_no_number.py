# the text is no number: only the handler walks
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
loss = net(torch.randn(3, 4)).mean()
try:
    weight = float("none")
    (weight * loss).backward()
except ValueError:
    print("no weight")
loss.backward()
