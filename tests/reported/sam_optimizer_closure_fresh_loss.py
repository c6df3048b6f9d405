import torch
import torch.nn as nn
import torch.nn.functional as F
class SAM(torch.optim.Optimizer):
    def __init__(self, params, rho=0.05, lr=0.1):
        super().__init__(params, dict(rho=rho, lr=lr))

    @torch.no_grad()
    def step(self, closure=None):
        assert closure is not None
        closure = torch.enable_grad()(closure)
        self.first_step()
        closure()
        self.second_step()

    @torch.no_grad()
    def first_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                e = p.grad * group["rho"]
                p.add_(e)
                self.state[p]["e"] = e
        self.zero_grad()

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.sub_(self.state[p]["e"])
                p.sub_(group["lr"] * p.grad)
        self.zero_grad()


net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
opt = SAM(net.parameters())
for i in range(3):
    x, y = torch.randn(5, 4), torch.randn(5, 1)
    loss = F.mse_loss(net(x), y)
    loss.backward()

    def closure():
        second = F.mse_loss(net(x), y)
        second.backward()
        return second

    opt.step(closure)
