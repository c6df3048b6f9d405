import random

import torch
from torch import nn


class ImagePool:
    """Hands out either the new fake or an old one."""

    def __init__(self, size):
        self.size, self.images = size, []

    def query(self, image):
        if len(self.images) < self.size:
            self.images.append(image)
            return image
        old = self.images[0]
        self.images[0] = image
        return old


G_AB = nn.Sequential(nn.Linear(5, 9), nn.Tanh(), nn.Linear(9, 5))
D_B = nn.Sequential(nn.Linear(5, 9), nn.Tanh(), nn.Linear(9, 1))
mse = nn.MSELoss()
opt_G = torch.optim.Adam(G_AB.parameters(), lr=1e-3)
opt_D = torch.optim.Adam(D_B.parameters(), lr=1e-3)
pool = ImagePool(1)
random.seed(1)

for epoch in range(3):
    real_A, real_B = torch.randn(3, 5), torch.randn(3, 5)
    fake_B = G_AB(real_A)
    score = D_B(fake_B)
    loss_G = mse(score, torch.ones_like(score))
    opt_G.zero_grad()
    loss_G.backward()
    opt_G.step()

    opt_D.zero_grad()
    pooled = pool.query(fake_B)
    pred_real, pred_fake = D_B(real_B), D_B(pooled)
    loss_D = 0.5 * (mse(pred_real, torch.ones_like(pred_real)) + mse(pred_fake, torch.zeros_like(pred_fake)))
    loss_D.backward()  # expect: MHL101
    opt_D.step()
