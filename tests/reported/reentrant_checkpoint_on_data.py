import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
x = torch.randn(3, 4)
out = checkpoint(net, x, use_reentrant=True)
out.mean().backward()  # expect: MHL104
