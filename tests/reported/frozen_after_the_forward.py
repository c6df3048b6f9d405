# the discriminator is switched off between the forward and the walk; its graph is there all the same
import torch
import torch.nn as nn

G = nn.Sequential(nn.Linear(2, 6), nn.ReLU(), nn.Linear(6, 4))
D = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 1))
opt_G = torch.optim.Adam(G.parameters(), lr=1e-3)
opt_D = torch.optim.Adam(D.parameters(), lr=1e-3)
crit = nn.BCEWithLogitsLoss()


def toggle(net, on):
    for p in net.parameters():
        p.requires_grad = on


for epoch in range(2):
    fake = G(torch.randn(5, 2))
    toggle(D, True)
    pred = D(fake)
    loss_d = crit(pred, torch.zeros_like(pred))
    opt_D.zero_grad()
    loss_d.backward()
    opt_D.step()

    toggle(D, False)
    loss_g = crit(pred, torch.ones_like(pred))
    opt_G.zero_grad()
    loss_g.backward()  # expect: MHL101
    opt_G.step()
