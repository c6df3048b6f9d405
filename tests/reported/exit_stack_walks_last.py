# what an ExitStack was told to call runs when it is left: the retained graph is walked again
from contextlib import ExitStack

import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
head, other = nn.Linear(8, 1), nn.Linear(8, 1)

z = trunk(torch.randn(3, 4))
with ExitStack() as stack:
    stack.callback(lambda: torch.autograd.grad(other(z).mean(), list(trunk.parameters())))
    head(z).mean().backward(retain_graph=True)

z = trunk(torch.randn(3, 4))
with ExitStack() as stack:
    stack.callback(lambda: other(z).mean().backward())  # expect: MHL101
    head(z).mean().backward()
