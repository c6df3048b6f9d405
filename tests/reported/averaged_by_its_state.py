import copy

import torch
from torch import nn

a = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
ema = copy.deepcopy(a)
la = ema(torch.randn(3, 4)).mean()
msd = a.state_dict()
with torch.no_grad():
    for k, v in ema.state_dict().items():
        v.copy_(v * 0.9 + msd[k] * 0.1)
la.backward()  # expect: MHL103
