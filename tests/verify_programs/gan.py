"""Two optimizers; the generator's output is used by both losses."""

import torch
from torch import nn

generator = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 4))
critic = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 1))
generator_optimizer = torch.optim.SGD(generator.parameters(), lr=0.1, momentum=0.9)
critic_optimizer = torch.optim.SGD(critic.parameters(), lr=0.1)

for _ in range(20):
    real, noise = torch.randn(6, 4), torch.randn(6, 3)
    fake = generator(noise)
    critic_optimizer.zero_grad()
    (critic(fake.detach()).mean() - critic(real).mean()).backward()
    critic_optimizer.step()
    generator_optimizer.zero_grad()
    (-critic(fake).mean()).backward()
    generator_optimizer.step()
