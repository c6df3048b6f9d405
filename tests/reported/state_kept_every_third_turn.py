import torch
import torch.nn as nn

cell, out = nn.GRUCell(3, 4), nn.Linear(4, 1)
h = torch.zeros(2, 4)
loss = 0
for t in range(9):
    h = cell(torch.randn(2, 3), h)
    loss = loss + out(h).pow(2).mean()
    if (t + 1) % 3 == 0:
        loss.backward()  # expect: MHL102
        loss = 0
