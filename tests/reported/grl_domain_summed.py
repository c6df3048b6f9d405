"""Domain adaptation with a gradient reversal layer."""
import torch
from torch import nn
from torch.autograd import Function


class ReverseGrad(Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -ctx.lam * grad, None


class DANN(nn.Module):
    def __init__(self):
        super().__init__()
        self.feature = nn.Sequential(nn.Linear(6, 8), nn.ReLU())
        self.classes = nn.Linear(8, 3)
        self.domains = nn.Linear(8, 2)

    def forward(self, x, lam):
        f = self.feature(x)
        return self.classes(f), self.domains(ReverseGrad.apply(f, lam))


net = DANN()
optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
ce = nn.CrossEntropyLoss()

for epoch in range(2):
    p = epoch / 2
    src, label = torch.randn(4, 6), torch.randint(0, 3, (4,))
    cls_out, dom_out = net(src, p)
    err = ce(cls_out, label) + ce(dom_out, torch.zeros(4, dtype=torch.long))
    optimizer.zero_grad()
    err.backward()
    # a second domain has its own forward
    _, target_dom = net(torch.randn(4, 6), p)
    err_target = ce(target_dom, torch.ones(4, dtype=torch.long))
    err_target.backward()
    optimizer.step()
