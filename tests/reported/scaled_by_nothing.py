import torch
from torch import nn
from torch.amp import GradScaler

net = nn.Linear(4, 1)
scaler = GradScaler("cpu", enabled=False)
loss = net(torch.randn(3, 4)).mean()
with torch.no_grad():
    s = scaler.scale(loss)
s.backward()
