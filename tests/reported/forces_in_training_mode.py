import torch
import torch.nn as nn
import torch.nn.functional as F
class Energy(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))

    def forward(self, pos):
        with torch.enable_grad():
            pos = pos.detach().requires_grad_(True)
            e = self.net(pos).sum()
            f = -torch.autograd.grad(e, pos, create_graph=self.training)[0]
        return e, f


def langevin(model, x, steps=2):
    x = x.clone().requires_grad_(True)
    with torch.enable_grad():
        for _ in range(steps):
            g = torch.autograd.grad(model.net(x).sum(), x)[0]
            x = (x - 0.1 * g).detach().requires_grad_(True)
    return x.detach()


m = Energy().eval()
with torch.no_grad():
    e, f = m(torch.randn(4, 3))
    s = langevin(m, torch.randn(4, 3))
m.train()
opt = torch.optim.Adam(m.parameters())
e, f = m(torch.randn(4, 3))
loss = e.pow(2) + f.pow(2).mean()
loss.backward()
