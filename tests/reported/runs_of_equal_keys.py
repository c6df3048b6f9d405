# two runs of equal keys: the first walk retains, the second is the last
import itertools

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
scores = net(torch.randn(3, 4))
for late, rows in itertools.groupby([0, 1, 3, 4], key=lambda row: row > 2):
    (scores[: len(list(rows))].pow(2).sum() + 0.0).backward(retain_graph=not late)  # expect: MHL201

