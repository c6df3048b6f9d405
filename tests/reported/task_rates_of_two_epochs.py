import torch
import torch.nn as nn
import torch.nn.functional as F

trunk = nn.Sequential(nn.Linear(6, 8), nn.Tanh())
heads = nn.ModuleList([nn.Linear(8, 1), nn.Linear(8, 2)])
optimizer = torch.optim.Adam([*trunk.parameters(), *heads.parameters()], lr=1e-3)
epochs = []


def rates():
    if len(epochs) < 2:
        return [1.0, 1.0]
    ratios = torch.stack([new / old for new, old in zip(epochs[-1], epochs[-2])])
    return 2 * F.softmax(ratios / 2.0, dim=0)


for epoch in range(6):
    weights = rates()
    totals = [0.0, 0.0]
    for _ in range(5):
        shared = trunk(torch.randn(4, 6))
        losses = [head(shared).pow(2).mean() for head in heads]
        loss = sum(weight * part for weight, part in zip(weights, losses))
        optimizer.zero_grad()
        loss.backward()  # expect: MHL102
        optimizer.step()
        totals = [total + part for total, part in zip(totals, losses)]
    epochs.append(totals)
