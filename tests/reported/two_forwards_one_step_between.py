"""Siamese training: both losses are built, the optimizer steps after each."""
import torch
import torch.nn as nn


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 16, 8))

    def forward(self, a, b):
        return self.cnn(a), self.cnn(b)


def contrastive(u, v, same, margin=1.0):
    d = (u - v).pow(2).sum(1).sqrt()
    return (same * d.pow(2) + (1 - same) * torch.relu(margin - d).pow(2)).mean()


net = Siamese()
opt = torch.optim.SGD(net.parameters(), lr=0.01)

for epoch in range(2):
    a, p, n = (torch.rand(3, 1, 6, 6) for _ in range(3))
    loss_pos = contrastive(*net(a, p), same=1.0)
    loss_neg = contrastive(*net(a, n), same=0.0)

    opt.zero_grad()
    loss_pos.backward()
    opt.step()

    opt.zero_grad()
    loss_neg.backward()  # expect: MHL103
    opt.step()
