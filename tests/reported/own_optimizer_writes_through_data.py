import torch
import torch.nn as nn
import torch.nn.functional as F
class PlainDescent(torch.optim.Optimizer):
    def __init__(self, params, lr):
        super(PlainDescent, self).__init__(params, dict(lr=lr))

    def step(self, closure=None):
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is None:
                    continue
                p.data.add_(p.grad.data, alpha=-group['lr'])
        return loss


gen, disc = nn.Linear(4, 3), nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
go, do = PlainDescent(gen.parameters(), 0.01), PlainDescent(disc.parameters(), 0.01)
for _ in range(2):
    fake = gen(torch.randn(5, 4))
    d_loss = F.softplus(disc(fake)).mean() + F.softplus(-disc(torch.randn(5, 3))).mean()
    g_loss = F.softplus(-disc(fake)).mean()
    do.zero_grad()
    d_loss.backward(retain_graph=True)
    do.step()
    go.zero_grad()
    g_loss.backward()
    go.step()
