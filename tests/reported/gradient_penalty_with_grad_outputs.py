import torch
import torch.nn as nn
from torch.autograd import grad

disc = nn.Sequential(nn.Linear(2, 16), nn.ELU(), nn.Linear(16, 1))
optimizer = torch.optim.Adam(disc.parameters(), lr=1e-3)


def interpolate(real, fake):
    eps = torch.rand(real.size(0), 1)
    return (eps * real + (1 - eps) * fake).requires_grad_()


def penalty(real, fake):
    x = interpolate(real, fake)
    scores = disc(x)
    gradient = grad(
        outputs=scores,
        inputs=x,
        grad_outputs=torch.ones_like(scores),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return (gradient.norm(dim=1) - 1).pow(2).mean()


for step in range(2):
    real, fake = torch.randn(6, 2), torch.randn(6, 2) + 1
    loss = disc(fake).mean() - disc(real).mean() + 10 * penalty(real, fake)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, loss.item())
