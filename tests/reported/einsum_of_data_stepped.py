import torch
a = torch.randn(3, 4)
w = torch.nn.Parameter(torch.rand(4, 5))
opt = torch.optim.SGD([w], lr=0.1)
out = torch.einsum("ij,jk->ik", a, w)
out.mean().backward(retain_graph=True)
opt.step()
out.sum().backward()
