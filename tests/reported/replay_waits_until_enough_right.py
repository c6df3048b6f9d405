import random
from collections import namedtuple

import torch
from torch import nn

Step = namedtuple("Step", "state reward")
encoder = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
value = nn.Linear(3, 1)
opt = torch.optim.Adam([*encoder.parameters(), *value.parameters()])
memory = []
for turn in range(12):
    memory.append(Step(encoder(torch.randn(1, 3)).detach(), torch.randn(1, 1)))
    if len(memory) < 8:
        continue
    batch = Step(*zip(*random.sample(memory, 8)))
    loss = (value(torch.cat(batch.state)) - torch.cat(batch.reward)).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
