import torch

x = torch.randn(4)
w = torch.randn(4, requires_grad=True)
loss = (w * x).sum()
torch.add(x, 1, out=x)
loss.backward()  # expect: MHL103
