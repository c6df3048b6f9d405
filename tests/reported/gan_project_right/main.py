import torch
import torch.nn.functional as F
from nets import Discriminator, Generator


def train(steps=2, batch=4):
    G, D = Generator(3, 5), Discriminator(5)
    g_opt = torch.optim.Adam(G.parameters(), lr=1e-3)
    d_opt = torch.optim.Adam(D.parameters(), lr=1e-3)
    for step in range(steps):
        real, fake = torch.rand(batch, 5), G.sample(batch, with_graph=False)

        d_loss = F.softplus(-D(real)).mean() + F.softplus(D(fake)).mean()
        d_opt.zero_grad()
        d_loss.backward()
        d_opt.step()

        g_loss = F.softplus(-D(G.sample(batch))).mean()
        g_opt.zero_grad()
        g_loss.backward()
        g_opt.step()
        print(step, d_loss.item(), g_loss.item())


if __name__ == "__main__":
    train()
