import torch
a = torch.randn(3, 4, requires_grad=True)
scale = torch.rand(4, 5)
out = torch.einsum("ij,jk->ik", a, scale)
with torch.no_grad():
    a.mul_(2.0)
out.sum().backward()
