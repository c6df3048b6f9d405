"""The networks are made by `initialize`, which other code calls; its style loss and its critic's loss
lie side by side."""

import torch
from torch import nn
from unseen_trainers import drive


class Painter:
    def initialize(self, width):
        self.net = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 4))
        self.judge = nn.Sequential(nn.Linear(4, width), nn.Tanh(), nn.Linear(width, 1))
        self.opt = torch.optim.Adam(self.net.parameters(), lr=0.1)

    def forward(self, x):
        self.made = self.net(x)

    def backward_painter(self, x):
        self.style = (self.made - x).pow(2).mean()
        self.style.backward(retain_graph=True)
        self.fooled = -self.judge(self.made).mean()
        self.fooled.backward()  # expect: MHL201

    def optimize(self, x):
        self.forward(x)
        self.opt.zero_grad()
        self.backward_painter(x)
        self.opt.step()


painter = Painter()
drive(painter, ["initialize"], [8])
drive(painter, ["optimize"], torch.randn(2, 3, 4))
