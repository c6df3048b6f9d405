import torch

w = torch.randn(4, requires_grad=True)
j = torch.autograd.functional.jacobian(torch.tanh, w)
j.sum().backward()  # expect: MHL104
