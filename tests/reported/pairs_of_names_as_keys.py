# a pair is one key: the head that would walk a second time is passed over
import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
heads = {("left", 0): nn.Linear(8, 1), ("right", 1): nn.Linear(8, 1)}
heads["right", 2] = nn.Linear(8, 1)
z = trunk(torch.randn(3, 4))
for (side, place), head in heads.items():
    if (side, place) in {("right", 1): "off", ("right", 2): "off"}:
        continue
    head(z).mean().backward()
z = trunk(torch.randn(3, 4))
heads[("left", 0)](z).mean().backward()
if ("left", 1) in heads:
    z.mean().backward()
