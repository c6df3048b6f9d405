import torch
from torch import nn


class Agent:
    def __init__(self):
        self.cell = nn.GRUCell(4, 8)
        self.score = nn.Linear(8, 2)
        self.memory = torch.zeros(1, 8)
        self.opt = torch.optim.SGD([*self.cell.parameters(), *self.score.parameters()], lr=0.1)

    def learn(self, seen, wanted):
        self.memory = self.cell(seen, self.memory)
        loss = (self.score(self.memory) - wanted).pow(2).mean()
        self.opt.zero_grad()
        loss.backward()
        self.opt.step()
