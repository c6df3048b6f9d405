# iter(function, last) calls until the last answer: one walk
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
answers = iter([2, 0, 1])
scores = net(torch.randn(3, 4))
for power in iter(lambda: next(answers), 0):
    scores.pow(power).mean().backward()
