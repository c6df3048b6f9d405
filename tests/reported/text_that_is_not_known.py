# what `exec` runs is not known to a reader: it may bind any name again
import os

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
scores = net(torch.randn(3, 4))
scores.sum().backward()
exec(os.environ.get("NO_SUCH_STEP_IS_SET", "scores = net(torch.randn(3, 4))"))
scores.sum().backward()
