import os
from collections import UserDict

import torch
import torch.nn as nn
import torch.nn.functional as F


class Options(UserDict):
    kind = "wgan-gp"

    def is_on(self, name):
        return bool(self.get(name))


def read_options(path):
    return Options(wasserstein=os.environ.get(path) is None)


critic = nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2, inplace=True), nn.Linear(8, 1))
optimizer = torch.optim.Adam(critic.parameters(), lr=1e-3)


def train(options, batches):
    for real in batches:
        fake = torch.randn_like(real)
        optimizer.zero_grad()
        if options.kind.find("wgan") >= 0:
            loss = (critic(fake) - critic(real)).mean()
        elif options.kind == "gan":
            loss = F.softplus(critic(fake)).mean() + F.softplus(-critic(real)).mean()
        if options.kind.find("gp") >= 0:
            mixed = (0.5 * real + 0.5 * fake).requires_grad_()
            (slope,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
            loss += 10 * slope.norm(2, dim=1).sub(1).pow(2).mean()
        loss.backward()
        optimizer.step()


def finish(options, batches):
    for real in batches:
        if options.is_on("wasserstein") and not os.environ.get("SKIP_CRITIC"):
            value = critic(real).pow(2).mean()
        if options.is_on("wasserstein") and not os.environ.get("SKIP_CRITIC"):
            value.backward()


train(read_options("OPTIONS"), [torch.randn(3, 4) for _ in range(3)])
finish(read_options("OPTIONS"), [torch.randn(3, 4) for _ in range(3)])
