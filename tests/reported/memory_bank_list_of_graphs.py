from collections import deque

import torch
import torch.nn as nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 4))

    def forward(self, x):
        return F.normalize(self.net(x), dim=1)


def info_nce(q, k, negatives, temperature=0.1):
    positive = (q * k).sum(1, keepdim=True)
    if negatives is None:
        return -positive.mean()
    logits = torch.cat([positive, q @ negatives.t()], dim=1) / temperature
    return F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))


encoder = Encoder()
optimizer = torch.optim.SGD(encoder.parameters(), lr=0.03)
queue = deque(maxlen=4)

for it in range(3):
    x = torch.randn(5, 6)
    q, k = encoder(x + 0.1 * torch.randn_like(x)), encoder(x)
    negatives = torch.cat(list(queue)) if queue else None
    loss = info_nce(q, k, negatives)
    optimizer.zero_grad()
    loss.backward()  # expect: MHL102
    optimizer.step()
    queue.append(k)
