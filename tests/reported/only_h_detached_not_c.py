import torch
import torch.nn as nn


class LanguageModel(nn.Module):
    def __init__(self, vocab=15, dim=8):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.lstm = nn.LSTM(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, ids, state):
        y, state = self.lstm(self.embed(ids), state)
        return self.out(y), state


def chunks(corpus, length):
    for start in range(0, corpus.size(1) - length, length):
        yield corpus[:, start:start + length], corpus[:, start + 1:start + length + 1]


corpus = torch.randint(0, 15, (2, 25))
model = LanguageModel()
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
h, c = torch.zeros(1, 2, 8), torch.zeros(1, 2, 8)

for ids, targets in chunks(corpus, 6):
    h = h.detach()
    logits, (h, c) = model(ids, (h, c))
    loss = nn.functional.cross_entropy(logits.reshape(-1, 15), targets.reshape(-1))
    model.zero_grad()
    loss.backward()  # expect: MHL102
    nn.utils.clip_grad_norm_(model.parameters(), 0.25)
    optimizer.step()
