import torch
import torch.nn as nn
class F1(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, flag=True):
        y = x * w
        ctx.save_for_backward(y)
        return y
    @staticmethod
    def backward(ctx, g):
        y, = ctx.saved_tensors
        return g * y, g, None
lin = nn.Linear(2, 2)
x = lin(torch.randn(3, 2))
w = torch.randn(3, 2)
y = F1.apply(x, w, False)
y = y + 0
y.sum().backward()
