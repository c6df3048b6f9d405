"""Losses are kept on the trainer for the log: no call reads what another has left there, so nothing is retained for."""

import torch
from torch import nn
from unseen_trainers import drive


class Trainer:
    def __init__(self):
        self.coder = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
        self.opt = torch.optim.Adam(self.coder.parameters(), lr=0.1)

    def code(self, x):
        self.coded = self.coder(x)

    def fit_once(self, x):
        self.code(x)
        self.loss_once = (self.coded - x).pow(2).mean()
        self.opt.zero_grad()
        self.loss_once.backward(retain_graph=True)  # expect: MHL203
        self.opt.step()

    def fit_again(self, x):
        self.code(x)
        self.loss_again = (self.coded + x).pow(2).mean()
        self.opt.zero_grad()
        self.loss_again.backward()
        self.opt.step()


drive(Trainer(), ["fit_once", "fit_again"], torch.randn(2, 3, 4))
