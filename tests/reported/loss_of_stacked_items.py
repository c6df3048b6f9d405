import torch
import torch.nn as nn
import torch.nn.functional as F
model = nn.Linear(5, 3)
opt = torch.optim.SGD(model.parameters(), lr=0.01)


def total_loss(outputs, targets):
    losses = []
    for o, t in zip(outputs, targets):
        losses.append(((o - t) ** 2).mean())
    return torch.stack(losses).mean()


for step in range(2):
    loss = total_loss(model(torch.randn(4, 5)), torch.randn(4, 3))
    opt.zero_grad()
    loss.backward()
    opt.step()
