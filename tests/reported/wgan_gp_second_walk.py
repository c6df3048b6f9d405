import argparse

import torch
import torch.nn as nn
from torch import autograd

parser = argparse.ArgumentParser()
parser.add_argument("--n_epochs", type=int, default=2)
parser.add_argument("--lambda_gp", type=float, default=10.0)
opt = parser.parse_args([])

critic = nn.Sequential(nn.Linear(6, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 6))
optimizer_D = torch.optim.Adam(critic.parameters(), lr=1e-4)


def gradient_penalty(real, fake):
    alpha = torch.rand(real.size(0), 1)
    mixed = alpha * real + (1 - alpha) * fake
    scores = critic(mixed)
    grads = autograd.grad(scores.sum(), mixed, create_graph=True)[0]
    return ((grads.norm(2, dim=1) - 1) ** 2).mean()


for epoch in range(opt.n_epochs):
    real = torch.randn(8, 6)
    fake = generator(torch.randn(8, 4))
    optimizer_D.zero_grad()
    wasserstein = critic(fake).mean() - critic(real).mean()
    wasserstein.backward()
    gp = opt.lambda_gp * gradient_penalty(real, fake)
    gp.backward()  # expect: MHL101
    optimizer_D.step()
    print(epoch, wasserstein.item(), gp.item())
