import torch
import torch.nn as nn
import torch.nn.functional as F


class GaussianActor(nn.Module):
    def __init__(self, obs_dim=3, act_dim=1):
        super().__init__()
        self.trunk = nn.Linear(obs_dim, 16)
        self.mu = nn.Linear(16, act_dim)
        self.log_std = nn.Linear(16, act_dim)

    def forward(self, obs):
        h = F.relu(self.trunk(obs))
        dist = torch.distributions.Normal(self.mu(h), self.log_std(h).clamp(-4, 1).exp())
        action = dist.rsample()
        return action, dist.log_prob(action).sum(-1)


class SACAgent:
    target_entropy = -1.0

    def __init__(self):
        self.actor = GaussianActor()
        self.critic = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
        self.log_alpha = torch.zeros(1, requires_grad=True)
        self.actor_optim = torch.optim.Adam(self.actor.parameters(), lr=1e-3)
        self.alpha_optim = torch.optim.Adam([self.log_alpha], lr=1e-3)

    @property
    def alpha(self):
        return self.log_alpha.exp()

    def update_actor_and_alpha(self, obs):
        action, log_prob = self.actor(obs)
        q = self.critic(torch.cat([obs, action], dim=-1)).squeeze(-1)
        actor_loss = (self.alpha.detach() * log_prob - q).mean()
        self.actor_optim.zero_grad()
        actor_loss.backward()
        self.actor_optim.step()

        alpha_loss = (self.alpha * (-log_prob - self.target_entropy).detach()).mean()
        self.alpha_optim.zero_grad()
        alpha_loss.backward()
        self.alpha_optim.step()


agent = SACAgent()
for _ in range(2):
    agent.update_actor_and_alpha(torch.randn(5, 3))
