import torch
import torch.nn as nn
cell, fc = nn.GRU(3, 4), nn.Linear(4, 1)
opt = torch.optim.Adam([*cell.parameters(), *fc.parameters()])
h = torch.zeros(2, 4)
loss = 0
for t in range(4):
    done = torch.rand(2) > 0.5
    s = torch.zeros(1, 2, 4)
    loss = loss + fc(cell(torch.randn(5, 2, 3), s)[0]).pow(2).mean()
    s.zero_()
loss.backward()  # expect: MHL103
opt.step()
