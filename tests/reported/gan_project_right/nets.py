import torch
from torch import nn


class Generator(nn.Module):
    def __init__(self, z_dim, out_dim):
        super().__init__()
        self.z_dim = z_dim
        self.layers = nn.Sequential(nn.Linear(z_dim, 16), nn.ReLU(), nn.Linear(16, out_dim))

    def forward(self, z):
        return self.layers(z)

    def sample(self, n, with_graph=True):
        out = self(torch.randn(n, self.z_dim))
        return out if with_graph else out.detach()


class Discriminator(nn.Module):
    def __init__(self, in_dim):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(in_dim, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))

    def forward(self, x):
        return self.layers(x)
