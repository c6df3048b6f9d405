# sorting puts the critic's step in front of the actor's walk
import torch
from torch import nn

actor = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
critic = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1))
optimizers = {"b": torch.optim.SGD(actor.parameters(), lr=0.1), "a": torch.optim.SGD(critic.parameters(), 0.1)}
states = torch.randn(3, 4)
losses = {"b": -critic(torch.cat([states, actor(states)], 1)).mean(), "a": critic(torch.randn(3, 6)).pow(2).mean()}
for name in sorted(losses):
    losses[name].backward()  # expect: MHL103
    optimizers[name].step()
