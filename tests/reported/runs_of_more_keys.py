# three runs of equal keys: the third walk finds a freed graph
import itertools

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
scores = net(torch.randn(3, 4))
for letter, _ in itertools.groupby("aabba"):
    scores.pow(2).sum().backward(retain_graph=letter == "a")  # expect: MHL101
