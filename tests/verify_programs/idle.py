"""Trains without an optimizer of PyTorch's."""

import torch

w = torch.ones(3, requires_grad=True)
w.pow(2).sum().backward()
