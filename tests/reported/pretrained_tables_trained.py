import torch
import torch.nn as nn


class BPRLoss(nn.Module):
    def forward(self, pos, neg):
        return -torch.log(1e-10 + torch.sigmoid(pos - neg)).mean()


class BPR(nn.Module):
    def __init__(self, pretrained_user, pretrained_item):
        super().__init__()
        self.user_embedding = nn.Embedding.from_pretrained(pretrained_user, freeze=False)
        self.item_embedding = nn.Embedding.from_pretrained(pretrained_item)
        self.loss = BPRLoss()

    def calculate_loss(self, interaction):
        u, p, n = interaction
        u_e = self.user_embedding(u)
        pos = torch.mul(u_e, self.item_embedding(p)).sum(dim=1)
        neg = torch.mul(u_e, self.item_embedding(n)).sum(dim=1)
        return self.loss(pos, neg)


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=0.001)

    def _train_epoch(self, data):
        total = None
        for batch in data:
            self.optimizer.zero_grad()
            loss = self.model.calculate_loss(batch)
            total = loss.item() if total is None else total + loss.item()
            loss.backward()
            self.optimizer.step()
        return total

    def fit(self, data, epochs=2):
        for e in range(epochs):
            self._train_epoch(data)


ids = torch.tensor([0, 1, 2])
Trainer(BPR(torch.randn(5, 4), torch.randn(7, 4))).fit([(ids, ids, ids + 1)])
