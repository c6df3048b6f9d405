import torch
from torch import autograd, nn


class Siren(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.first = nn.Linear(1, width)
        self.second = nn.Linear(width, 1)

    def forward(self, t):
        return self.second(torch.sin(10 * self.first(t)))


def derivative(y, x):
    return autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


u = Siren()
opt = torch.optim.Adam(u.parameters(), lr=1e-3)
for epoch in range(2):
    t = torch.rand(16, 1, requires_grad=True)
    y = u(t)
    residual = derivative(y, t) + y
    pde = residual.square().mean()
    boundary = (u(torch.zeros(1, 1)) - 1).square().mean()
    data = (y - torch.exp(-t.detach())).square().mean()
    opt.zero_grad()
    autograd.backward([pde, boundary, data])
    opt.step()
