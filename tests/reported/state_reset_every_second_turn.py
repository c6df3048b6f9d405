import torch
import torch.nn as nn
import torch.optim as optim

cell, out = nn.GRUCell(3, 4), nn.Linear(4, 1)
opt = optim.SGD([*cell.parameters(), *out.parameters()], lr=0.1)
for t in range(8):
    if t % 2 == 0:
        h, loss = torch.zeros(2, 4), 0
    h = cell(torch.randn(2, 3), h)
    loss = loss + out(h).pow(2).mean()
    if t % 2 == 1:
        opt.zero_grad()
        loss.backward()
        opt.step()
