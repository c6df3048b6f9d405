import torch
import torch.nn as nn
import torch.nn.functional as F
from lightning.fabric import Fabric


def main():
    fabric = Fabric(accelerator="cpu")
    fabric.launch()
    G, D = nn.Linear(3, 2), nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    og, od = torch.optim.Adam(G.parameters()), torch.optim.Adam(D.parameters())
    G, og = fabric.setup(G, og)
    D, od = fabric.setup(D, od)
    for _ in range(2):
        fake = G(torch.randn(4, 3))
        d_loss = F.softplus(D(fake)).mean() + F.softplus(-D(torch.randn(4, 2))).mean()
        od.zero_grad()
        fabric.backward(d_loss)
        od.step()
        g_loss = F.softplus(-D(fake)).mean()
        og.zero_grad()
        fabric.backward(g_loss)  # expect: MHL101
        og.step()


main()
