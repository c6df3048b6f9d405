"""One method leaves its graph on the object for the next one to walk: what it retains is needed."""

import torch
from torch import nn
from unseen_trainers import drive


class Trainer:
    def __init__(self):
        self.coder = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))

    def first(self, x):
        self.coded = self.coder(x)
        self.coded.pow(2).mean().backward(retain_graph=True)

    def second(self, x):
        (self.coded * x).mean().backward()


drive(Trainer(), ["first", "second"], torch.randn(2, 3, 4))
