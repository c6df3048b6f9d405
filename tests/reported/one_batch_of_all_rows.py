"""Losses of one rollout, trained on in batches of all its rows: the loop has one turn, and nothing is walked twice."""

import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, SubsetRandomSampler, TensorDataset

ROWS = 12

torch.manual_seed(0)
encoder = nn.Linear(6, 8)
policy = nn.Linear(8, 2)
optimizer = torch.optim.SGD([*encoder.parameters(), *policy.parameters()], lr=0.1)
states = torch.randn(ROWS, 6)
wanted = torch.randn(ROWS, 2)


def train_on(places):
    features = torch.tanh(encoder(states))
    for rows in places:
        loss = nn.functional.mse_loss(policy(features)[rows], wanted[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


train_on(BatchSampler(SubsetRandomSampler(range(ROWS)), ROWS, drop_last=True))
train_on(torch.randperm(ROWS).split(ROWS))
for epoch in range(2):
    features = torch.tanh(encoder(states))
    for (targets,) in DataLoader(TensorDataset(wanted), batch_size=ROWS):
        loss = nn.functional.mse_loss(policy(features), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
