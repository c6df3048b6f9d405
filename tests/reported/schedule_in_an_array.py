# which rounds walk stands in the source, in an array: one of the two does
import os
import re

import numpy as np
import torch
from torch import nn

os.environ["WALK_AGAIN"] = "no"
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
rounds = np.array([1, 0])
loss = net(torch.randn(3, 4)).pow(2).mean()
for i in range(2):
    if rounds[i]:
        loss.backward()
if os.environ.get("WALK_AGAIN") == "yes":
    loss.backward()
if re.match(r"again(\d)", "never"):
    loss.backward()
