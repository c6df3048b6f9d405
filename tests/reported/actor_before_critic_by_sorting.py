# sorting puts the actor's walk in front of the critic's step
from collections import OrderedDict

import torch
from torch import nn

actor = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
critic = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
optimizers = {"critic": torch.optim.SGD(critic.parameters(), lr=0.1), "actor": torch.optim.SGD(actor.parameters(), 0.1)}


def losses():
    states = torch.randn(3, 4)
    value = critic(torch.randn(3, 6)).pow(2).mean()
    return OrderedDict(critic=value, actor=-critic(torch.cat([states, actor(states)], 1)).mean())


found = losses()
for name in sorted(found):
    found[name].backward()
    optimizers[name].step()

found = losses()
for name in sorted(found, key=len):
    found[name].backward()
    optimizers[name].step()

found = losses()
names = ["critic", "actor"]
names.sort(key=lambda name: name[0])
for name in names:
    found[name].backward()
    optimizers[name].step()

found = losses()
found.move_to_end("critic")
for name, loss in found.items():
    loss.backward()
    optimizers[name].step()

found = losses()
first = min(found)
found[first].backward()
optimizers[first].step()
