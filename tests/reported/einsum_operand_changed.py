import torch
a = torch.randn(3, 4, requires_grad=True)
scale = torch.rand(4, 5)
out = torch.einsum("ij,jk->ik", a, scale)
scale.mul_(2.0)
out.sum().backward()  # expect: MHL103
