"""Hidden states of all nodes live in a list that grows row by row."""
import torch
import torch.nn as nn


class TreeEncoder(nn.Module):
    def __init__(self, dim=5):
        super().__init__()
        self.dim = dim
        self.combine = nn.Linear(2 * dim, dim)
        self.score = nn.Linear(dim, 1)

    def forward(self, leaves, merges):
        states = list(leaves.unbind(0))
        for i, j in merges:
            pair = torch.cat([states[i], states[j]])
            states.append(torch.tanh(self.combine(pair)) * states[i])
        return self.score(states[-1])


net = TreeEncoder()
embedding = nn.Embedding(10, 5)
opt = torch.optim.SGD([*net.parameters(), *embedding.parameters()], lr=0.05)

for _ in range(2):
    leaves = embedding(torch.randint(0, 10, (3,)))
    loss = (net(leaves, [(0, 1), (2, 3)]) - 1.0).pow(2).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
