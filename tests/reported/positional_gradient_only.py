import torch
import torch.nn as nn


class TwoHeaded(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(4, 8)
        self.left = nn.Linear(8, 1)
        self.right = nn.Linear(8, 1)

    def forward(self, x):
        h = torch.sigmoid(self.l1(x))
        return self.left(h), self.right(h)


net = TwoHeaded()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
crit = nn.MSELoss()
grad_norms = []

for i in range(3):
    x, a, b = torch.randn(3, 4), torch.randn(3, 1), torch.randn(3, 1)
    left, right = net(x)
    opt.zero_grad()
    # the first positional argument is the gradient, not the flag
    crit(left, a).backward(torch.tensor(1.0))
    grad_norms.append(net.l1.weight.grad.norm().item())
    crit(right, b).backward()  # expect: MHL101
    opt.step()

print(grad_norms)
