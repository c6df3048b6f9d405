"""Projects conflicting task gradients, so each task needs its own walk."""
import torch
import torch.nn as nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
heads = nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 1)])
optimizer = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.05)


def flat_grad(module):
    return torch.cat([p.grad.flatten() for p in module.parameters()])


def write_grad(module, flat):
    start = 0
    for p in module.parameters():
        p.grad = flat[start:start + p.numel()].view_as(p).clone()
        start += p.numel()


for step in range(3):
    x, targets = torch.randn(6, 4), torch.randn(2, 6, 1)
    z = trunk(x)
    losses = [(head(z) - t).pow(2).mean() for head, t in zip(heads, targets)]
    grads = []
    optimizer.zero_grad()
    for k, loss in enumerate(losses):
        trunk.zero_grad()
        loss.backward(retain_graph=k < len(losses) - 1)
        grads.append(flat_grad(trunk))
    dot = torch.dot(grads[0], grads[1])
    if dot < 0:
        grads[0] = grads[0] - dot / grads[1].norm() ** 2 * grads[1]
    write_grad(trunk, grads[0] + grads[1])
    optimizer.step()
