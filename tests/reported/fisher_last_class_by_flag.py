"""Each class's gradient is squared by itself; the walk of the last class alone frees the graph."""

import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3))
total = [torch.zeros_like(p) for p in net.parameters()]


def by_bound(batches):
    for x in batches:
        scores = net(x)
        for label in range(scores.shape[1]):
            net.zero_grad()
            loss = nn.functional.cross_entropy(scores, torch.tensor([label]))
            loss.backward(retain_graph=True if (label + 1) < scores.shape[1] else False)
            for sums, p in zip(total, net.parameters()):
                sums += p.grad**2


def by_name(batches):
    for x in batches:
        scores = net(x)
        for label in range(scores.size(1)):
            net.zero_grad()
            last = label == scores.size(1) - 1
            scores[:, label].sum().backward(retain_graph=not last)
            for sums, p in zip(total, net.parameters()):
                sums += p.grad**2


data = [torch.randn(1, 4) for _ in range(2)]
by_bound(data)
by_name(data)
