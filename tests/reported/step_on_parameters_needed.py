"""A step lies between the walks, and the second graph holds what it changes."""
import torch
import torch.nn as nn

trunk = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 6))
left, right = nn.Linear(6, 1), nn.Linear(6, 1)
opt_left = torch.optim.SGD([*trunk.parameters(), *left.parameters()], lr=0.1)
opt_right = torch.optim.SGD(right.parameters(), lr=0.1)


def batches():
    for _ in range(3):
        x = torch.randn(5, 4)
        yield x, x.sum(1, keepdim=True), x.prod(1, keepdim=True)


for x, total, product in batches():
    h = torch.tanh(trunk(x))
    loss_left = (left(h) - total).abs().mean()
    loss_right = (right(h) - product).abs().mean()

    opt_left.zero_grad()
    loss_left.backward(retain_graph=True)
    opt_left.step()

    opt_right.zero_grad()
    loss_right.backward()  # expect: MHL103
    opt_right.step()
    print(loss_left.item(), loss_right.item())
