import torch
import torch.nn as nn
class Frozen(nn.Linear):
    def __init__(self, i, o):
        super().__init__(i, o)
        for p in self.parameters():
            p.requires_grad = False
    def reset_parameters(self):
        super().reset_parameters()
class Buf(nn.Linear):
    def __init__(self, i, o):
        super().__init__(i, o, bias=False)
        w = self.weight.detach().clone()
        del self.weight
        self.register_buffer("weight", w)
class Swap(nn.Linear):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.bias = None
        self.weight = nn.Parameter(torch.ones(o, i), requires_grad=False)
x = torch.randn(2, 3)
for layer in (Frozen(3, 3), Buf(3, 3), Swap(3, 3)):
    y = layer(x.clone().requires_grad_()).tanh()
    y.sum().backward()
    z = layer(x).tanh()
    assert not z.requires_grad
    if z.requires_grad:
        z.sum().backward()
        z.mean().backward()
