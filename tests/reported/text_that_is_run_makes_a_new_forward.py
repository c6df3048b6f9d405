# what `exec` runs binds the name again: a new forward
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
again = "scores = net(torch.randn(3, 4))"


def renew():
    exec("scores = net(torch.randn(3, 4))", globals())


scores = net(torch.randn(3, 4))
scores.sum().backward()
exec(again)
scores.sum().backward()
renew()
scores.pow(2).sum().backward()
for name in ("scores", "other"):
    globals()[name] = net(torch.randn(3, 4))
scores.abs().sum().backward()
state = {"scores": scores * 2}
exec("state['scores'] = state['scores'].detach() + net(torch.randn(3, 4))")
state["scores"].sum().backward()
