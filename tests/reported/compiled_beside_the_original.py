import torch


def f(x):
    return x + 1


g = torch.compile(f, backend="aot_eager")
w = torch.randn(4, requires_grad=True)
h = f(w)
h.sum().backward()
h.mean().backward()
