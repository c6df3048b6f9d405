import torch
import torch.nn as nn


class SophiaH(torch.optim.Optimizer):
    def __init__(self, params, lr=6e-2, num_samples=2):
        super().__init__(params, dict(lr=lr))
        self.num_samples = num_samples

    def hutchinson(self):
        params = [p for g in self.param_groups for p in g['params'] if p.grad is not None]
        grads = [p.grad for p in params]
        for i in range(self.num_samples):
            zs = [torch.randint_like(p, 0, 1) * 2.0 - 1.0 for p in params]
            h_zs = torch.autograd.grad(grads, params, grad_outputs=zs, retain_graph=i < self.num_samples - 1)  # expect: MHL104
            for h_z, z, p in zip(h_zs, zs, params):
                p.hess = h_z * z / self.num_samples

    def step(self, closure=None):
        self.hutchinson()
        with torch.no_grad():
            for g in self.param_groups:
                for p in g['params']:
                    p.add_(p.grad, alpha=-g['lr'])


model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
opt = SophiaH(model.parameters())
for _ in range(2):
    loss = model(torch.randn(6, 4)).pow(2).mean()
    loss.backward()
    opt.step()
    opt.zero_grad()
