"""Each step's loss is begun anew by the base class, which lies in a library; the class itself only adds to it."""

import torch
from torch import nn
from unseen_trainers import Engine


class Refined(Engine):
    def __init__(self):
        super().__init__()
        self.extra = nn.Sequential(nn.Linear(4, 4), nn.Tanh())

    def compute(self, x):
        super().compute(x)
        self.loss += self.extra(x).pow(2).mean()

    def optimize(self, x):
        self.compute(x)
        self.loss.backward()


engine = Refined()
for _ in range(3):
    engine.optimize(torch.randn(2, 4))
