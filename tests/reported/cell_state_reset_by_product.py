import torch
import torch.nn as nn
cell, fc = nn.GRUCell(3, 4), nn.Linear(4, 1)
opt = torch.optim.Adam([*cell.parameters(), *fc.parameters()])
h = torch.zeros(2, 4)
loss = 0
for t in range(4):
    done = torch.rand(2) > 0.5
    h = cell(torch.randn(2, 3), h)
    loss = loss + fc(h).pow(2).mean()
    h = h * (~done).float().unsqueeze(1)
loss.backward()
opt.step()
