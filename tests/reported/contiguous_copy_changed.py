import torch

w = torch.randn(3, 4, requires_grad=True)
h = torch.sigmoid(w)
y = h.permute(1, 0).contiguous()
y += 1
(y.sum() + h.sum()).backward()
