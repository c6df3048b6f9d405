"""A network that is run on several devices where there are several: its critic's loss is built before the step."""

import torch
from torch import nn

from torch.nn.parallel import data_parallel


class Critic(nn.Module):
    def __init__(self, devices):
        super().__init__()
        self.devices = devices
        self.layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, batch):
        if len(self.devices) > 1:
            return data_parallel(self.layers, batch, self.devices)
        return self.layers(batch)


def train(devices, rounds):
    generator, critic = nn.Linear(3, 4), Critic(devices)
    fit_generator = torch.optim.Adam(generator.parameters())
    fit_critic = torch.optim.Adam(critic.parameters())
    for _ in range(rounds):
        made = generator(torch.randn(6, 3))
        loss_of_critic = critic(made.detach()).mean() - critic(torch.randn(6, 4)).mean()
        loss_of_generator = -critic(made).mean()
        fit_critic.zero_grad()
        loss_of_critic.backward()
        fit_critic.step()
        fit_generator.zero_grad()
        loss_of_generator.backward()  # expect: MHL103
        fit_generator.step()


if __name__ == "__main__":
    train([], 2)
