import torch


@torch.compile(backend="eager")
def f(x):
    return x + 1


w = torch.randn(4, requires_grad=True)
h = f(w)
h.sum().backward()
h.mean().backward()
