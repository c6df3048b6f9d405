import torch

w = torch.randn(3, 4, requires_grad=True)
h = torch.tanh(w)
flat = h.reshape(-1)
flat.mul_(2)
flat.sum().backward()  # expect: MHL103
