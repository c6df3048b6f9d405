# several generator updates for one discriminator update, the last fakes are reused as data
import torch
from torch import nn, optim

z_dim, n_gen_steps = 4, 3
G = nn.Sequential(nn.Linear(z_dim, 12), nn.ReLU(), nn.Linear(12, 5))
D = nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 1))
bce = nn.BCEWithLogitsLoss()
opt_g = optim.Adam(G.parameters(), 1e-3)
opt_d = optim.Adam(D.parameters(), 1e-3)


def loader(n):
    for _ in range(n):
        yield torch.rand(4, 5)


for step, real in enumerate(loader(3)):
    bs = real.size(0)
    for _ in range(n_gen_steps):
        fake = G(torch.randn(bs, z_dim))
        g_scores = D(fake)
        g_loss = bce(g_scores, torch.ones_like(g_scores))
        opt_g.zero_grad()
        g_loss.backward()
        opt_g.step()

    opt_d.zero_grad()
    fake = fake.detach()
    real_scores, fake_scores = D(real), D(fake)
    d_loss = bce(real_scores, torch.ones_like(real_scores)) + bce(fake_scores, torch.zeros_like(fake_scores))
    d_loss.backward()
    opt_d.step()
    print(step, d_loss.item())
