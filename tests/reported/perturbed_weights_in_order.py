"""Adversarial weight perturbation: the clean loss is walked before the weights are moved."""
import torch
import torch.nn as nn
import torch.nn.functional as F


def perturb(model, gamma):
    with torch.no_grad():
        for p in model.parameters():
            noise = torch.randn_like(p)
            p.add_(gamma * noise * p.norm() / noise.norm())


def restore(model, saved):
    with torch.no_grad():
        for p, old in zip(model.parameters(), saved):
            p.copy_(old)


def step(model, opt, x, y, gamma=0.01):
    saved = [p.detach().clone() for p in model.parameters()]
    opt.zero_grad()
    clean = F.cross_entropy(model(x), y)
    clean.backward()
    perturb(model, gamma)
    robust = F.cross_entropy(model(x), y)
    robust.backward()
    restore(model, saved)
    opt.step()
    return clean.item(), robust.item()


net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(2):
    print(step(net, optimizer, torch.randn(5, 4), torch.randint(0, 3, (5,))))
