"""Retries a batch in halves when it does not fit; the retry uses the output of the first attempt."""
import torch
import torch.nn as nn


class OutOfBudget(Exception):
    pass


class Budget:
    def __init__(self, rows):
        self.rows = rows

    def check(self, x):
        if len(x) > self.rows:
            raise OutOfBudget(len(x))


net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
budget = Budget(4)

for size in (3, 6):
    x, y = torch.randn(size, 4), torch.randint(0, 2, (size,))
    out = net(x)
    optimizer.zero_grad()
    try:
        budget.check(x)
        nn.functional.cross_entropy(out, y).backward()
    except OutOfBudget:
        for rows in torch.arange(size).split(3):
            loss = nn.functional.cross_entropy(out[rows], y[rows])
            loss.backward()  # expect: MHL101
    optimizer.step()
