"""Images kept by name: which of them the discriminator is given hangs on strings that are not known."""

import sys

import torch
import torch.nn as nn

make_network = eval("nn.Linear")


class Translator:
    def __init__(self, domains, order):
        self.domains, self.order = domains, order
        self.generator, self.critic = make_network(4, 4), make_network(4, 1)
        self.opt_g = torch.optim.Adam(self.generator.parameters())
        self.opt_d = torch.optim.Adam(self.critic.parameters())

    def step(self, batch):
        outputs = {}
        for domain in self.domains:
            outputs[f"real_{domain}"] = batch[domain]
            outputs[f"fake_{domain}"] = self.generator(batch[domain])
        loss_d = 0
        for domain in self.order:
            loss_d = loss_d + self.critic(outputs[f"real_{domain}"]).mean()
            loss_d = loss_d - self.critic(outputs[f"fake_{domain}"].detach()).mean()
        self.opt_d.zero_grad()
        loss_d.backward()
        self.opt_d.step()
        loss_g = 0
        for domain in self.order:
            loss_g = loss_g - self.critic(outputs[f"fake_{domain}"]).mean()
        self.opt_g.zero_grad()
        loss_g.backward()
        self.opt_g.step()


translator = Translator(sys.argv[1:] or list("ab"), sys.argv[1:] or list("ba"))
for _ in range(2):
    translator.step({"a": torch.randn(3, 4), "b": torch.randn(3, 4)})
