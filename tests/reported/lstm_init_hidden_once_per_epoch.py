import torch
import torch.nn as nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden_dim = 6
        self.word_embeddings = nn.Embedding(10, 5)
        self.lstm = nn.LSTM(5, self.hidden_dim)
        self.hidden2tag = nn.Linear(self.hidden_dim, 3)
        self.hidden = self.init_hidden()

    def init_hidden(self):
        return (torch.zeros(1, 1, self.hidden_dim), torch.zeros(1, 1, self.hidden_dim))

    def forward(self, sentence):
        embeds = self.word_embeddings(sentence)
        lstm_out, self.hidden = self.lstm(embeds.view(len(sentence), 1, -1), self.hidden)
        return torch.log_softmax(self.hidden2tag(lstm_out.view(len(sentence), -1)), dim=1)


training_data = [
    (torch.tensor([0, 1, 2, 3]), torch.tensor([0, 1, 2, 0])),
    (torch.tensor([4, 5, 6]), torch.tensor([1, 1, 2])),
]
model = Tagger()
loss_function = nn.NLLLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

for epoch in range(3):
    model.hidden = model.init_hidden()
    for sentence, tags in training_data:
        model.zero_grad()
        tag_scores = model(sentence)
        loss = loss_function(tag_scores, tags)
        loss.backward()  # expect: MHL102
        optimizer.step()
