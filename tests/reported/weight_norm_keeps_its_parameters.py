"""A norm makes the weight of others in each forward and keeps those, also where the layer itself would keep nothing."""

import torch
from torch import nn

layer = nn.utils.parametrizations.weight_norm(nn.Linear(6, 6))
optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
plain = nn.Linear(6, 6)
plain_optimizer = torch.optim.SGD(plain.parameters(), lr=0.1)
x = torch.randn(4, 6)

out = plain(x)
out.sum().backward(retain_graph=True)
plain_optimizer.step()
(out * 2).sum().backward()

out = layer(x)
out.sum().backward(retain_graph=True)
optimizer.step()
(out * 2).sum().backward()  # expect: MHL103
