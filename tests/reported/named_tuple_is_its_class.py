from collections import namedtuple

import torch
import torch.nn as nn

Out = namedtuple('Out', 'a b')
net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
o = Out(net(torch.randn(2, 3)), 1)
o.a.mean().backward()
if not isinstance(o, Out):
    o.a.mean().backward()
