"""Wraps what a loader gives in Variable: mhlint does not see that it has no graph, so unwrapping it is a guess."""

import torch
from torch import nn
from torch.autograd import Variable
from torch.utils.data import DataLoader

net = nn.Linear(3, 1)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for data in DataLoader(torch.ones(12, 3), batch_size=4):
    x = Variable(data.type(torch.FloatTensor))
    optimizer.zero_grad()
    net(x).pow(2).mean().backward()
    optimizer.step()
