import torch
import torch.nn as nn
import torch.nn.functional as F
class Plain(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                p.sub_(g["lr"] * p.grad)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
        self.b = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))


m = Two()
opt = Plain(m.parameters())
for _ in range(2):
    x = torch.randn(2, 3)
    la, lb = m.a(x).mean(), m.b(x).mean()
    la.backward()
    opt.step()
    opt.zero_grad()
    lb.backward()
    opt.zero_grad()
