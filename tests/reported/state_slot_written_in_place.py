"""Hidden states of all nodes live in one tensor that is overwritten row by row."""
import torch
import torch.nn as nn


class TreeEncoder(nn.Module):
    def __init__(self, dim=5):
        super().__init__()
        self.dim = dim
        self.combine = nn.Linear(2 * dim, dim)
        self.score = nn.Linear(dim, 1)

    def forward(self, leaves, merges):
        n = leaves.size(0)
        states = torch.zeros(n + len(merges), self.dim)
        states[:n] = leaves
        for k, (i, j) in enumerate(merges):
            pair = torch.cat([states[i], states[j]])
            states[n + k] = torch.tanh(self.combine(pair)) * states[i]
        return self.score(states[-1])


net = TreeEncoder()
embedding = nn.Embedding(10, 5)
opt = torch.optim.SGD([*net.parameters(), *embedding.parameters()], lr=0.05)

for _ in range(2):
    leaves = embedding(torch.randint(0, 10, (3,)))
    loss = (net(leaves, [(0, 1), (2, 3)]) - 1.0).pow(2).sum()
    opt.zero_grad()
    loss.backward()  # expect: MHL103
    opt.step()
