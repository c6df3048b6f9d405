"""Variational inference with a distribution object that is built once."""
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

data = 2.0 + 0.5 * torch.randn(30)


class Guide(nn.Module):
    def __init__(self):
        super().__init__()
        self.loc = nn.Parameter(torch.zeros(1))
        self.log_scale = nn.Parameter(torch.zeros(1))
        self.q = Normal(self.loc, self.log_scale.exp())

    def elbo(self, x):
        z = self.q.rsample()
        log_lik = Normal(z, 0.5).log_prob(x).sum()
        return log_lik - kl_divergence(self.q, Normal(0.0, 10.0)).sum()


guide = Guide()
optimizer = torch.optim.Adam(guide.parameters(), lr=0.05)
for step in range(4):
    loss = -guide.elbo(data)
    optimizer.zero_grad()
    loss.backward()  # expect: MHL101
    optimizer.step()
    print(step, loss.item())
