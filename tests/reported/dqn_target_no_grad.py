"""Twin Q networks trained on one target."""
import random

import torch
import torch.nn as nn


class Memory:
    def __init__(self):
        self.items = []

    def push(self, *item):
        self.items.append(item)

    def sample(self, n):
        batch = random.sample(self.items, n)
        return [torch.stack(column) for column in zip(*batch)]


def net():
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))


memory = Memory()
for _ in range(20):
    memory.push(torch.randn(4), torch.randint(0, 3, (1,)), torch.randn(1), torch.randn(4))

q1, q2, target_net = net(), net(), net()
opt1 = torch.optim.Adam(q1.parameters(), lr=1e-3)
opt2 = torch.optim.Adam(q2.parameters(), lr=1e-3)
huber = nn.SmoothL1Loss()


@torch.no_grad()
def td_target(r, s2):
    return r + 0.99 * target_net(s2).max(1, keepdim=True).values


for step in range(3):
    s, a, r, s2 = memory.sample(6)
    target = td_target(r, s2)

    loss1 = huber(q1(s).gather(1, a), target)
    opt1.zero_grad()
    loss1.backward()
    opt1.step()

    loss2 = huber(q2(s).gather(1, a), target)
    opt2.zero_grad()
    loss2.backward()
    opt2.step()
