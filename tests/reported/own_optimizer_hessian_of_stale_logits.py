import torch
import torch.nn as nn
import torch.nn.functional as F
class SophiaG(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-4, betas=(0.965, 0.99), rho=0.04):
        super().__init__(params, dict(lr=lr, betas=betas, rho=rho))

    @torch.no_grad()
    def update_hessian(self):
        for group in self.param_groups:
            beta1, beta2 = group['betas']
            for p in group['params']:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state['exp_avg'] = torch.zeros_like(p)
                    state['hessian'] = torch.zeros_like(p)
                state['hessian'].mul_(beta2).addcmul_(p.grad, p.grad, value=1 - beta2)

    @torch.no_grad()
    def step(self, closure=None, bs=4):
        for group in self.param_groups:
            for p in group['params']:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state['exp_avg'] = torch.zeros_like(p)
                    state['hessian'] = torch.zeros_like(p)
                state['exp_avg'].mul_(group['betas'][0]).add_(p.grad, alpha=1 - group['betas'][0])
                p.add_(state['exp_avg'].sign(), alpha=-group['lr'])


model = nn.Sequential(nn.Embedding(20, 8), nn.Linear(8, 20))
optimizer = SophiaG(model.parameters())
for it in range(2):
    X, Y = torch.randint(0, 20, (2, 5)), torch.randint(0, 20, (2, 5))
    logits = model(X)
    loss = F.cross_entropy(logits.view(-1, 20), Y.view(-1))
    loss.backward()
    optimizer.step(bs=10)
    optimizer.zero_grad(set_to_none=True)
    samp = torch.distributions.Categorical(logits=logits).sample()
    loss_sampled = F.cross_entropy(logits.view(-1, 20), samp.view(-1))
    loss_sampled.backward()  # expect: MHL101
    optimizer.update_hessian()
    optimizer.zero_grad(set_to_none=True)
