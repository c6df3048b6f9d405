# the class of the settings is made by type(): it takes over that the graph is kept
import torch
from torch import nn


class Settings:
    keep = True


chosen = type("Chosen", (Settings,), {"rate": 0.1, "late": False})()
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
loss = net(torch.randn(3, 4)).mean()
loss.backward(retain_graph=chosen.keep)
loss.backward(retain_graph=chosen.late)  # expect: MHL201
