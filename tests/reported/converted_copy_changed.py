import torch

w = torch.randn(3, 4, requires_grad=True)
h = torch.sigmoid(w)
y = h.to(torch.float64)
y += 1
g = h.double()
g.mul_(2)
k = h.type(torch.float64)
k.zero_()
(y.sum() + g.sum()).backward()
