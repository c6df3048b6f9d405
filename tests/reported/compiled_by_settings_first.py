import torch


def f(x):
    return x + 1


g = torch.compile(backend="aot_eager")(f)
w = torch.randn(4, requires_grad=True)
h = g(w)
h.sum().backward()
h.mean().backward()  # expect: MHL101
