import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

a = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))
ema = AveragedModel(a)
la = ema(torch.randn(3, 4)).mean()
ema.update_parameters(a)
la.backward()  # expect: MHL103
