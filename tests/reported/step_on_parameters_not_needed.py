"""A step lies between the walks, but the second graph does not hold what it changes."""
import torch
import torch.nn as nn

trunk = nn.Linear(4, 6)
left, right = nn.Linear(6, 1), nn.Linear(6, 1)
opt_left = torch.optim.SGD(left.parameters(), lr=0.1)
opt_right = torch.optim.SGD(right.parameters(), lr=0.1)
opt_trunk = torch.optim.SGD(trunk.parameters(), lr=0.1)


def batches():
    for _ in range(3):
        x = torch.randn(5, 4)
        yield x, x.sum(1, keepdim=True), x.prod(1, keepdim=True)


for x, total, product in batches():
    h = torch.tanh(trunk(x))
    loss_left = (left(h) - total).abs().mean()
    loss_right = (right(h) - product).abs().mean()

    opt_trunk.zero_grad()
    opt_left.zero_grad()
    loss_left.backward(retain_graph=True)
    opt_left.step()
    from_left = trunk.weight.grad.norm().item()

    opt_right.zero_grad()
    loss_right.backward()
    opt_right.step()
    opt_trunk.step()
    print(from_left, trunk.weight.grad.norm().item())
