import os

import torch
import torch.nn as nn


class Translator(nn.Module):
    def __init__(self, domains, generators, discriminators):
        super().__init__()
        self.domains, self.default = domains, domains[0]
        self.generators = nn.ModuleDict(generators)
        self.discriminators = nn.ModuleDict(discriminators)

    def others(self, domain):
        return [other for other in self.domains if other != domain]

    def forward(self, image, target=None):
        target = self.default if target is None else target
        return dict(source=image, target=self.generators[target](image))

    def critic_loss(self, outputs):
        target, source = self.default, self.others(self.default)[0]
        fake = torch.cat((outputs[f"real_{source}"], outputs[f"fake_{target}"]), 1)
        real = torch.cat((outputs[f"real_{source}"], outputs[f"real_{target}"]), 1)
        critic = self.discriminators[target]
        return critic(fake.detach()).mean() - critic(real).mean()

    def generator_loss(self, outputs):
        target, source = self.default, self.others(self.default)[0]
        fake = torch.cat((outputs[f"real_{source}"], outputs[f"fake_{target}"]), 1)
        return -self.discriminators[target](fake).mean()

    def train_step(self, batch, optimizer):
        target, source = self.default, self.others(self.default)[0]
        outputs = dict()
        results = self(batch[f"img_{source}"], target=self.default)
        outputs[f"real_{source}"] = results["source"]
        outputs[f"fake_{target}"] = results["target"]
        outputs[f"real_{target}"] = batch[f"img_{target}"]
        optimizer["critic"].zero_grad()
        self.critic_loss(outputs).backward()
        optimizer["critic"].step()
        optimizer["generator"].zero_grad()
        self.generator_loss(outputs).backward()
        optimizer["generator"].step()


def critic():
    return nn.Sequential(nn.Linear(8, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1))


if __name__ == "__main__":
    domains = os.environ.get("DOMAINS", "photo map").split()
    model = Translator(domains, {name: nn.Linear(4, 4) for name in domains}, {name: critic() for name in domains})
    steps = {
        "critic": torch.optim.Adam(model.discriminators.parameters(), lr=1e-3),
        "generator": torch.optim.Adam(model.generators.parameters(), lr=1e-3),
    }
    for _ in range(2):
        model.train_step({f"img_{name}": torch.randn(3, 4) for name in domains}, steps)
