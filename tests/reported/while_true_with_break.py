# "it works for the first batch": fast training script with a generator that never ends
import itertools

import torch
import torch.nn as nn


def stream():
    for i in itertools.count():
        gen = torch.Generator().manual_seed(i)
        x = torch.rand(4, 3, generator=gen)
        yield x, x.mean(1, keepdim=True)


net = nn.Sequential(nn.Linear(3, 6), nn.Sigmoid(), nn.Linear(6, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.5)
data = stream()
x, y = next(data)
out = net(x)
n = 0
while True:
    loss = ((out - y) ** 2).mean()
    opt.zero_grad()
    loss.backward()  # expect: MHL101
    opt.step()
    x, y_next = next(data)
    n += 1
    if n >= 3 or loss.item() < 1e-4:
        break
print(n, loss.item())
