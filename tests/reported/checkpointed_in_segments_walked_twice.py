import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
h1, h2 = nn.Linear(8, 1), nn.Linear(8, 1)
x = torch.randn(5, 4, requires_grad=True)
feat = checkpoint_sequential(trunk, 2, x, use_reentrant=False)
l1 = h1(feat).mean()
l2 = h2(feat).mean()
l1.backward()
l2.backward()  # expect: MHL101
