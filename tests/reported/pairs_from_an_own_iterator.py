import torch
import torch.nn as nn


class Pairs:
    def __init__(self, source, target, most):
        self.source, self.target, self.most = source, target, most

    def __iter__(self):
        self.first, self.second = iter(self.source), iter(self.target)
        self.taken = 0
        return self

    def __next__(self):
        try:
            source = next(self.first)
        except StopIteration:
            self.first = iter(self.source)
            source = next(self.first)
        if self.taken >= self.most:
            raise StopIteration
        self.taken += 1
        return {"S": source, "T": next(self.second)}


class Solver:
    def __init__(self):
        self.features = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
        self.classifier = nn.Linear(8, 3)
        self.domain = nn.Linear(8, 1)
        parts = [self.features, self.classifier, self.domain]
        self.optimizer = torch.optim.SGD([p for part in parts for p in part.parameters()], lr=0.1)
        self.data = Pairs([torch.randn(5, 4)] * 2, [torch.randn(5, 4)] * 3, 3)

    def train(self):
        for pair in self.data:
            self.optimizer.zero_grad()
            source = self.features(pair["S"])
            loss = self.classifier(source).logsumexp(1).mean()
            loss.backward()
            confusion = self.domain(source).sigmoid().mean() - self.domain(self.features(pair["T"])).sigmoid().mean()
            confusion.backward()  # expect: MHL101
            self.optimizer.step()


Solver().train()
