"""Balances two losses by the norms of their gradients; the sum is walked after the graph is gone."""
import torch
import torch.nn as nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 1)])
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.05)


def grad_norm(loss, retain):
    grads = torch.autograd.grad(loss, list(trunk.parameters()), retain_graph=retain)
    return torch.cat([g.flatten() for g in grads]).norm()


history = []
for step in range(3):
    x, targets = torch.randn(6, 4), torch.randn(2, 6, 1)
    z = trunk(x)
    first, second = [(head(z) - t).pow(2).mean() for head, t in zip(heads, targets)]
    scale = grad_norm(first, retain=True) / grad_norm(second, retain=False).clamp(min=1e-6)
    total = first + scale * second
    optimizer.zero_grad()
    total.backward()  # expect: MHL101
    optimizer.step()
    history.append((first.item(), second.item(), scale.item()))

for row in history:
    print("%.3f %.3f %.3f" % row)
