# settings that are written in the source as text: both flags are set, so that each walk has its own forward
import json
from ast import literal_eval

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
settings = json.loads('{"walk": {"anew": true}, "sizes": [1, 2]}')
anew = literal_eval("{'again': True}")["again"]

scores = net(torch.randn(3, 4))
scores.sum().backward()
if settings["walk"]["anew"]:
    scores = net(torch.randn(2, 4))
scores.pow(2).sum().backward()
if anew:
    scores = net(torch.randn(2, 4))
scores.abs().sum().backward()
