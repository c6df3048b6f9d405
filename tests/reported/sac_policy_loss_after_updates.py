"""Soft actor-critic: the policy's loss is computed with the updated critics."""
import torch
from torch import nn
from torch.distributions import Normal


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 12), nn.ReLU(), nn.Linear(12, o))


class SquashedPolicy(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.net = mlp(n_obs, 2 * n_act)

    def sample(self, obs):
        mean, log_std = self.net(obs).chunk(2, dim=-1)
        normal = Normal(mean, log_std.clamp(-5, 2).exp())
        u = normal.rsample()
        a = torch.tanh(u)
        log_pi = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(-1, keepdim=True)
        return a, log_pi


policy = SquashedPolicy(4, 2)
qf1, qf2 = mlp(6, 1), mlp(6, 1)
policy_optimizer = torch.optim.Adam(policy.parameters(), lr=3e-4)
qf1_optimizer = torch.optim.Adam(qf1.parameters(), lr=3e-4)
qf2_optimizer = torch.optim.Adam(qf2.parameters(), lr=3e-4)
alpha = 0.2

for update in range(2):
    obs, act, target = torch.randn(8, 4), torch.rand(8, 2), torch.randn(8, 1)
    new_act, log_pi = policy.sample(obs)
    qf1_loss = (qf1(torch.cat([obs, act], 1)) - target).pow(2).mean()
    qf2_loss = (qf2(torch.cat([obs, act], 1)) - target).pow(2).mean()

    qf1_optimizer.zero_grad()
    qf1_loss.backward()
    qf1_optimizer.step()

    qf2_optimizer.zero_grad()
    qf2_loss.backward()
    qf2_optimizer.step()

    q_new = torch.min(qf1(torch.cat([obs, new_act], 1)), qf2(torch.cat([obs, new_act], 1)))
    policy_loss = (alpha * log_pi - q_new).mean()
    policy_optimizer.zero_grad()
    policy_loss.backward()
    policy_optimizer.step()
