"""Character model; the hidden state is passed from chunk to chunk."""
import torch
import torch.nn as nn

text = "hello world, this is a tiny corpus for a tiny model"
vocab = sorted(set(text))
index = {c: i for i, c in enumerate(vocab)}
data = torch.tensor([index[c] for c in text])


class CharRNN(nn.Module):
    def __init__(self, n_chars, hidden=12):
        super().__init__()
        self.hidden_size = hidden
        self.embed = nn.Embedding(n_chars, 6)
        self.rnn = nn.GRU(6, hidden, batch_first=True)
        self.out = nn.Linear(hidden, n_chars)

    def forward(self, x, h):
        y, h = self.rnn(self.embed(x), h)
        return self.out(y), h

    def init_hidden(self, bs):
        return torch.zeros(1, bs, self.hidden_size)


model = CharRNN(len(vocab))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(2):
    h = model.init_hidden(1)
    for start in range(0, 40, 10):
        x = data[start:start + 10].unsqueeze(0)
        y = data[start + 1:start + 11].unsqueeze(0)
        logits, h = model(x, h)
        loss = loss_fn(logits.transpose(1, 2), y)
        optimizer.zero_grad()
        loss.backward()  # expect: MHL102
        optimizer.step()
    print(epoch, loss.item())
