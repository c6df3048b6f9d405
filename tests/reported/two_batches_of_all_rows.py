"""Losses of one rollout, trained on in two batches: the second one walks what the first has freed."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ROWS = 12

torch.manual_seed(0)
encoder = nn.Linear(6, 8)
policy = nn.Linear(8, 2)
states = torch.randn(ROWS, 6)
wanted = torch.randn(ROWS, 2)
loader = DataLoader(TensorDataset(torch.arange(ROWS)), batch_size=ROWS // 2 + 1)

features = torch.tanh(encoder(states))
for (rows,) in loader:
    loss = nn.functional.mse_loss(policy(features)[rows], wanted[rows])
    loss.backward()  # expect: MHL101
