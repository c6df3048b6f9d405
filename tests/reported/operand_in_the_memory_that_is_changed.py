"""An operation in place keeps its operand as it was before: where both are the same memory, its own walk raises."""

import torch

w = torch.rand(4, 6, requires_grad=True)

h = w * 1.0
h.add_(h)  # adding keeps nothing
h += h.detach()
h.div_(h.detach().clone())  # other memory
h.mul_(torch.tanh(w))
h.sum().backward()

h = w * 1.0
h.div_(h.detach())
h.sum().backward()  # expect: MHL103
