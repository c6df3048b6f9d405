"""Settings in the source's own JSON, of which one is larger than what is computed with: the second walk raises."""

import json

import torch
from torch import nn

SETTINGS = json.loads('{"seed": 12345678901234567, "heads": 2}')

trunk = nn.Sequential(nn.Linear(3, 4), nn.Tanh())
heads = [nn.Linear(4, 1) for _ in range(SETTINGS["heads"])]
z = trunk(torch.randn(5, 3))
heads[0](z).sum().backward()
heads[1](z).sum().backward()  # expect: MHL101
