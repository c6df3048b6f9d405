"""Weight regularisation summed with +=: a norm keeps its result for the walk."""

import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x, y = torch.randn(5, 4), torch.randn(5, 1)
penalty = net[0].weight.norm(2)
penalty += net[2].weight.norm(2)
loss = (net(x) - y).pow(2).mean() + 0.01 * penalty
optimizer.zero_grad()
loss.backward()  # expect: MHL103
optimizer.step()
