"""Decoder trained at every time step on one encoding: retained, but the encoder has moved."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class Seq2Seq(nn.Module):
    def __init__(self, vocab=9, dim=6):
        super().__init__()
        self.src, self.tgt = nn.Embedding(vocab, dim), nn.Embedding(vocab, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.bridge = nn.Sequential(nn.Linear(dim, dim), nn.Tanh(), nn.Linear(dim, dim))
        self.cell = nn.GRUCell(dim, dim)
        self.out = nn.Linear(dim, vocab)

    def encode(self, src):
        return self.bridge(self.encoder(self.src(src))[1][0])

    def step(self, token, hidden):
        return self.out(self.cell(self.tgt(token), hidden))


model = Seq2Seq()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(2):
    src, tgt = torch.randint(0, 9, (3, 5)), torch.randint(0, 9, (3, 4))
    hidden = model.encode(src)
    for t in range(tgt.size(1) - 1):
        logits = model.step(tgt[:, t], hidden)
        loss = F.cross_entropy(logits, tgt[:, t + 1])
        optimizer.zero_grad()
        loss.backward(retain_graph=True)  # expect: MHL103
        optimizer.step()
