import torch
import torch.nn as nn
from torch.distributions import Categorical


class Reinforce:
    def __init__(self, lr=1e-2):
        self.policy = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
        self.optimizer = torch.optim.Adam(self.policy.parameters(), lr=lr)
        self.log_probs = []

    def act(self, obs):
        dist = Categorical(logits=self.policy(obs))
        a = dist.sample()
        self.log_probs.append(dist.log_prob(a))
        return a.item()

    def finish_episode(self, rewards):
        R, returns = 0.0, []
        for r in rewards[::-1]:
            R = r + 0.95 * R
            returns.insert(0, R)
        policy_loss = []
        for log_prob, ret in zip(reversed(self.log_probs), reversed(returns * 10)):
            policy_loss.append(-log_prob * ret)
        self.optimizer.zero_grad()
        loss = torch.stack(policy_loss).sum()
        loss.backward()  # expect: MHL102
        self.optimizer.step()
        return loss.item()


agent = Reinforce()
for episode in range(3):
    rewards = []
    for t in range(4):
        agent.act(torch.randn(3))
        rewards.append(1.0)
    print(episode, agent.finish_episode(rewards))
