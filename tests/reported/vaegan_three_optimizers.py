import torch
import torch.nn as nn
import torch.nn.functional as F


class Encoder(nn.Module):
    def __init__(self, d=6, h=3):
        super().__init__()
        self.body = nn.Linear(d, 8)
        self.mu = nn.Linear(8, h)
        self.logvar = nn.Linear(8, h)

    def forward(self, x):
        h = F.relu(self.body(x))
        return self.mu(h), self.logvar(h)


encoder = Encoder()
decoder = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 6))
disc = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))
opt_e = torch.optim.Adam(encoder.parameters(), lr=1e-3)
opt_d = torch.optim.Adam(decoder.parameters(), lr=1e-3)
opt_dis = torch.optim.Adam(disc.parameters(), lr=1e-3)

for it in range(2):
    x = torch.randn(4, 6)
    mu, logvar = encoder(x)
    z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
    x_rec = decoder(z)

    d_loss = F.softplus(-disc(x)).mean() + F.softplus(disc(x_rec.detach())).mean()
    opt_dis.zero_grad()
    d_loss.backward()
    opt_dis.step()

    rec = F.mse_loss(x_rec, x)
    dec_loss = rec + F.softplus(-disc(x_rec)).mean()
    opt_d.zero_grad()
    dec_loss.backward()
    opt_d.step()

    kl = -0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())
    enc_loss = kl + rec
    opt_e.zero_grad()
    enc_loss.backward()  # expect: MHL101
    opt_e.step()
