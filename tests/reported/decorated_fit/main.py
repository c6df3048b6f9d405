"""A method that a decorator of the project wraps: its two losses on one graph lie side by side."""

import torch
from seeds import seeded
from torch import nn
from unseen_trainers import drive


class Maker:
    seed = None

    def __init__(self):
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=0.1)

    @seeded
    def fit(self, x):
        made = self.net(x)
        self.opt.zero_grad()
        made.pow(2).mean().backward(retain_graph=True)
        (made - x).abs().mean().backward()  # expect: MHL201
        self.opt.step()


drive(Maker(), ["fit"], torch.randn(2, 3, 4))
