import torch

w = torch.randn(4, requires_grad=True)
n = torch.empty(4)
losses = []
for _ in range(2):
    n.uniform_(-1, 1)
    losses.append((w * n).sum())
sum(losses).backward()  # expect: MHL103
