"""`torch.as_tensor(t)` is the tensor itself, and `torch.Tensor(t)` a view of it: both have its graph."""

import torch

w = torch.randn(4, 6, requires_grad=True)

torch.as_tensor(torch.tanh(w)).sum().backward()
torch.Tensor(torch.tanh(w)).sum().backward()

h = torch.as_tensor(torch.tanh(w))
h.sum().backward()
abs(h).mean().backward()  # expect: MHL101
