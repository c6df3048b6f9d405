import math

import torch
import torch.nn as nn


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        a = (q @ k.transpose(-2, -1) / math.sqrt(q.size(-1))).softmax(-1)
        return x + self.proj(a @ v)


class TinyTransformer(nn.Module):
    def __init__(self, vocab=11, dim=8, max_len=16):
        super().__init__()
        self.tok = nn.Embedding(vocab, dim)
        self.pos = nn.Embedding(max_len, dim)
        self.block = Block(dim)
        self.head = nn.Linear(dim, vocab)
        self._pos_cache = {}

    def positions(self, length):
        if length not in self._pos_cache:
            self._pos_cache[length] = self.pos(torch.arange(length))
        return self._pos_cache[length]

    def forward(self, ids):
        x = self.tok(ids) + self.positions(ids.size(1))
        return self.head(self.block(x))


model = TinyTransformer()
opt = torch.optim.AdamW(model.parameters(), lr=3e-4)
for step in range(4):
    ids = torch.randint(0, 11, (2, 7))
    logits = model(ids[:, :-1])
    loss = nn.functional.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()  # expect: MHL102
    opt.step()
