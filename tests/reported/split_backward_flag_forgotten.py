"""Trunk and heads walked apart to save memory; the boundary was never told to collect gradients."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class LM(nn.Module):
    def __init__(self, vocab=20, dim=8, n_heads=3):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.heads = nn.ModuleList([nn.Linear(dim, vocab) for _ in range(n_heads)])

    def shared(self, ids):
        return self.rnn(self.embed(ids))[0]


model = LM()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

for step in range(2):
    ids = torch.randint(0, 20, (2, 9))
    optimizer.zero_grad()
    z = model.shared(ids[:, :-3])
    d = z.detach()
    for k, head in enumerate(model.heads):
        target = ids[:, k + 1:ids.size(1) - 2 + k]
        loss = F.cross_entropy(head(d).flatten(0, 1), target.flatten())
        loss.backward()
    z.backward(gradient=d.grad)  # expect: MHL104
    optimizer.step()
