import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim import Optimizer


class Lookahead(Optimizer):
    def __init__(self, optimizer, k=2, alpha=0.5):
        self.optimizer = optimizer
        self.k, self.alpha, self.count = k, alpha, 0
        self.param_groups = self.optimizer.param_groups
        self.slow = [[p.clone().detach() for p in g['params']] for g in self.param_groups]

    def zero_grad(self):
        self.optimizer.zero_grad()

    def step(self, closure=None):
        loss = self.optimizer.step(closure)
        self.count += 1
        if self.count % self.k == 0:
            for g, slow in zip(self.param_groups, self.slow):
                for p, q in zip(g['params'], slow):
                    q.add_(p.data - q, alpha=self.alpha)
                    p.data.copy_(q)
        return loss


net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
opt = Lookahead(torch.optim.Adam(net.parameters()))
for i in range(3):
    out = net(torch.randn(4, 3))
    loss = (out - i).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
