import torch
import torch.nn as nn
import torch.nn.functional as F


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 5)

    def forward(self, z):
        return torch.tanh(self.fc(z))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(5, 8), nn.Linear(8, 1)

    def forward(self, x):
        return self.b(F.relu(self.a(x)))


g, c = Generator(), Critic()
opt_g = torch.optim.Adam(g.parameters(), lr=1e-3, fused=True)
opt_c = torch.optim.Adam(c.parameters(), lr=1e-3, fused=True)

for step in range(2):
    real, fake = torch.randn(4, 5), g(torch.randn(4, 3))
    g_loss = -c(fake).mean()
    c_loss = c(fake.detach()).mean() - c(real).mean()
    opt_c.zero_grad()
    c_loss.backward()
    opt_c.step()
    opt_g.zero_grad()
    g_loss.backward()  # expect: MHL306
    opt_g.step()
