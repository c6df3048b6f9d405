"""WGAN with weight clipping: five critic updates per generator update."""
import torch
import torch.nn as nn

n_critic = 5
clip_value = 0.01

G = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
C = nn.Sequential(nn.Linear(3, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))
opt_C = torch.optim.RMSprop(C.parameters(), lr=5e-5)
opt_G = torch.optim.RMSprop(G.parameters(), lr=5e-5)


def sample_real():
    return torch.randn(6, 3) + 2.0


for iteration in range(2):
    z = torch.randn(6, 4)
    fake = G(z)
    for _ in range(n_critic):
        opt_C.zero_grad()
        loss_C = C(fake).mean() - C(sample_real()).mean()
        loss_C.backward()  # expect: MHL101
        opt_C.step()
        for p in C.parameters():
            p.data.clamp_(-clip_value, clip_value)

    opt_G.zero_grad()
    loss_G = -C(G(z)).mean()
    loss_G.backward()
    opt_G.step()
