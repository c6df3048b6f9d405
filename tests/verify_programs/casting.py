"""Casts to float32 where the program does not call: in hooks, a written backward, a recomputed forward, a script."""

import numpy
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint


class Square(torch.autograd.Function):
    """The square, with its own backward."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.float() ** 2

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return (2 * x.float() * gradient).to(torch.float32)


@torch.jit.script
def squash(x: torch.Tensor) -> torch.Tensor:
    """A cast that is compiled."""
    return (x.float() * 1.7).tanh()


def recomputed(x):
    """A cast that is made again in the walk."""
    return net(x).to(torch.float32).tanh()


torch.manual_seed(0)
net, one, two = nn.Linear(3, 64), nn.Linear(64, 1), nn.Linear(64, 1)
scale = nn.Parameter(torch.from_numpy(numpy.linspace(0.5, 1.5, 64, dtype="float32")))
net.weight.register_hook(lambda gradient: gradient.float() * 0.7)
optimizer = torch.optim.SGD([scale, *net.parameters(), *one.parameters(), *two.parameters()], lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    z = squash(Square.apply(checkpoint(recomputed, torch.randn(50, 3), use_reentrant=False)) * scale)
    one(z).pow(2).mean().backward(retain_graph=True)
    two(z).pow(2).mean().backward()
    optimizer.step()
