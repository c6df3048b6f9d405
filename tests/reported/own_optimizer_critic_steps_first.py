import torch
import torch.nn as nn
import torch.nn.functional as F
class SGDByHand(torch.optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    with torch.no_grad():
                        p.add_(p.grad, alpha=-group["lr"])


actor = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
critic = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
opt_a, opt_c = SGDByHand(actor.parameters()), SGDByHand(critic.parameters())
for _ in range(2):
    s, a, r = torch.randn(6, 3), torch.randn(6, 2), torch.randn(6, 1)
    q_loss = F.mse_loss(critic(torch.cat([s, a], 1)), r)
    pi_loss = -critic(torch.cat([s, actor(s)], 1)).mean()
    opt_c.zero_grad()
    q_loss.backward()
    opt_c.step()
    opt_a.zero_grad()
    pi_loss.backward()  # expect: MHL103
    opt_a.step()
