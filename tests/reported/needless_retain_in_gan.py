import torch
import torch.nn as nn

G = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 3))
D = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
bce = nn.BCEWithLogitsLoss()
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3)
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3)


def labels_like(t, value):
    return torch.full_like(t, value)


for epoch in range(3):
    real = torch.randn(4, 3)
    fake = G(torch.randn(4, 2))

    score_real, score_fake = D(real), D(fake.detach())
    d_loss = bce(score_real, labels_like(score_real, 1.0)) + bce(score_fake, labels_like(score_fake, 0.0))
    opt_d.zero_grad()
    d_loss.backward(retain_graph=True)  # expect: MHL203
    opt_d.step()

    score = D(fake)
    g_loss = bce(score, labels_like(score, 1.0))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    print(epoch, d_loss.item(), g_loss.item())
