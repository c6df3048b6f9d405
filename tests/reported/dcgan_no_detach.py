"""Small GAN on 2-d points; the fake batch is shared by both losses."""
import torch
import torch.nn as nn

LATENT = 8


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(LATENT, 16), nn.ReLU(True), nn.Linear(16, 2), nn.Tanh())

    def forward(self, noise):
        return self.main(noise)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid())

    def forward(self, points):
        return self.main(points).view(-1)


netG, netD = Generator(), Discriminator()
criterion = nn.BCELoss()
optG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))

for epoch in range(2):
    for i in range(3):
        real = torch.randn(6, 2)
        ones, zeros = torch.ones(6), torch.zeros(6)

        netD.zero_grad()
        fake = netG(torch.randn(6, LATENT))
        errD = criterion(netD(real), ones) + criterion(netD(fake), zeros)
        errD.backward()
        optD.step()

        netG.zero_grad()
        errG = criterion(netD(fake), ones)
        errG.backward()  # expect: MHL101
        optG.step()
    print(epoch, errD.item(), errG.item())
