# zip, filter and enumerate give their items once: the loops behind them have nothing to walk
import itertools

import torch
from torch import nn

trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh())
heads = [nn.Linear(8, 1), nn.Linear(8, 1)]

z = trunk(torch.randn(3, 4))
named = zip(("first", "second"), [head(z).mean() for head in heads])
print({name: float(loss) for name, loss in named})
for _, loss in named:
    loss.backward()

present = filter(lambda head: head is not None, [*heads, None])
parameters = [parameter for head in present for parameter in head.parameters()]
for head in present:
    head(z).sum().backward()

numbered = enumerate(itertools.chain(heads, heads))
first = next(numbered)
for _, head in numbered:
    head(trunk(torch.randn(3, 4))).mean().backward()
for _, head in numbered:
    head(z).mean().backward()

z.mean().backward()
