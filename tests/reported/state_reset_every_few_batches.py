import torch
import torch.nn as nn
import torch.optim as optim

cell, out = nn.GRUCell(3, 4), nn.Linear(4, 1)
opt = optim.SGD([*cell.parameters(), *out.parameters()], lr=0.1)
data = [torch.randn(2, 3) for _ in range(8)]
k = 4
for i, x in enumerate(data):
    if i % k == 0:
        h = torch.zeros(2, 4)
        loss = 0
    h = cell(x, h)
    loss = loss + out(h).pow(2).mean()
    if (i + 1) % k == 0 or i + 1 == len(data):
        opt.zero_grad()
        loss.backward()
        opt.step()
