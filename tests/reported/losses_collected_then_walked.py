# gradient accumulation gone wrong: the losses of four batches are kept, the optimizer has moved meanwhile
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
    aux = net(x).abs().mean() * 0.01
    opt.zero_grad()
    aux.backward()
    pending.append(nn.functional.mse_loss(net(x), y))
    opt.step()
    if len(pending) == accumulate:
        opt.zero_grad()
        loss = sum(pending) / accumulate
        loss.backward()  # expect: MHL103
        opt.step()
        pending = []
