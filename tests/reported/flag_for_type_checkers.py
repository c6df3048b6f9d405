"""A flag that only a type checker sees as set: the program takes the other side."""

import typing
from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    KEEP = False
else:
    KEEP = True

net = nn.Linear(3, 3)
loss = torch.tanh(net(torch.randn(2, 3))).sum()
loss.backward(retain_graph=KEEP)
loss.backward()
if typing.TYPE_CHECKING:
    loss.backward()
other = torch.tanh(net(torch.randn(2, 3))).sum()
other.backward(retain_graph=not KEEP)
other.backward()  # expect: MHL101
