"""What a parametrization of the project's own keeps of the parameter is not known: here nothing, so that no walk raises."""

import torch
from torch import nn
from torch.nn.utils import parametrize


class Symmetric(nn.Module):
    def forward(self, weight):
        return weight.triu() + weight.triu(1).transpose(-1, -2)


encoder = nn.Linear(6, 6)
layer = nn.Linear(6, 6)
parametrize.register_parametrization(layer, "weight", Symmetric())
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)

out = layer(torch.tanh(encoder(torch.randn(4, 6))))
out.sum().backward(retain_graph=True)
optimizer.step()
(out + 1).sum().backward()
