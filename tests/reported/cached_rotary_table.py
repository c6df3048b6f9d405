import math

import torch
import torch.nn as nn


class Attention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)
        self._cache = {}

    def table(self, length, dim):
        if length not in self._cache:
            freq = 1.0 / (100 ** (torch.arange(0, dim, 2).float() / dim))
            angle = torch.outer(torch.arange(length).float(), freq).repeat(1, 2)
            self._cache[length] = (angle.cos(), angle.sin())
        return self._cache[length]

    def rotate(self, x):
        cos, sin = self.table(x.size(1), x.size(2))
        a, b = x.chunk(2, dim=-1)
        return x * cos + torch.cat((-b, a), dim=-1) * sin

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k = self.rotate(q), self.rotate(k)
        a = (q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))).softmax(-1)
        return x + self.proj(a @ v)


embed, attention, head = nn.Embedding(11, 8), Attention(8), nn.Linear(8, 11)
params = [*embed.parameters(), *attention.parameters(), *head.parameters()]
opt = torch.optim.AdamW(params, lr=3e-4)
for step in range(4):
    ids = torch.randint(0, 11, (2, 7))
    logits = head(attention(embed(ids[:, :-1])))
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
