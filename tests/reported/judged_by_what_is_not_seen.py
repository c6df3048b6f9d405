"""A judge of a library's own scores features that carry no graph: it has parameters of its own to train."""

import torch
from unseen_trainers import judge

with torch.no_grad():
    features = torch.randn(3, 4) * 2
pair = torch.stack([features.detach(), features.detach()])
loss = (1 - judge(pair)).pow(2).mean()
loss.backward()
