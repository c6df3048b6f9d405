import torch
import torch.nn as nn
from torch.distributions import Categorical


class Reinforce:
    def __init__(self, lr=1e-2):
        self.policy = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
        self.baseline = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))
        self.opt_p = torch.optim.Adam(self.policy.parameters(), lr=lr)
        self.opt_b = torch.optim.Adam(self.baseline.parameters(), lr=lr)
        self.log_probs, self.values, self.rewards = [], [], []

    def act(self, obs):
        dist = Categorical(logits=self.policy(obs))
        a = dist.sample()
        self.log_probs.append(dist.log_prob(a))
        self.values.append(self.baseline(obs))
        return a.item()

    def finish_episode(self):
        R, policy_loss, value_loss = 0.0, [], []
        for log_prob, value, r in zip(self.log_probs[::-1], self.values[::-1], self.rewards[::-1]):
            R = r + 0.95 * R
            policy_loss.append(-log_prob * (R - value.item()))
            value_loss.append((value - R).pow(2))
        self.opt_p.zero_grad()
        torch.stack(policy_loss).sum().backward()
        self.opt_p.step()
        self.opt_b.zero_grad()
        torch.cat(value_loss).sum().backward()
        self.opt_b.step()
        self.log_probs.clear()
        self.values.clear()
        self.rewards.clear()


agent = Reinforce()
for episode in range(3):
    for t in range(4):
        agent.act(torch.randn(3))
        agent.rewards.append(1.0)
    agent.finish_episode()
