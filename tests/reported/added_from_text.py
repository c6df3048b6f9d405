import torch

text = "w + 1"
w = torch.randn(3, 4, requires_grad=True)
h = eval(text)
h.sum().backward()
h.mean().backward()
