# gradient accumulation: the losses of two batches are kept and walked together
import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.01)
accumulate = 2


def batches():
    for _ in range(8):
        x = torch.randn(4, 3)
        yield x, x.sum(1, keepdim=True)


pending = []
for i, (x, y) in enumerate(batches()):
    pending.append(nn.functional.mse_loss(net(x), y))
    if len(pending) == accumulate:
        opt.zero_grad()
        loss = sum(pending) / accumulate
        loss.backward()
        opt.step()
        pending = []
        print(i, loss.item())
