import torch
from torch import nn, optim


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))

    def forward(self, obs):
        return torch.distributions.Categorical(logits=self.body(obs))


class Value(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, obs):
        return self.body(obs).squeeze(-1)


class Agent:
    def __init__(self):
        self.policy, self.value = Policy(), Value()
        self.policy_opt = optim.Adam(self.policy.parameters(), lr=1e-3)
        self.value_opt = optim.Adam(self.value.parameters(), lr=1e-3)

    def learn(self, obs, actions, returns):
        advantage = returns - self.value(obs)
        critic_loss = advantage.pow(2).mean()
        actor_loss = -(self.policy(obs).log_prob(actions) * advantage).mean()

        self.value_opt.zero_grad()
        critic_loss.backward()
        self.value_opt.step()

        self.policy_opt.zero_grad()
        actor_loss.backward()  # expect: MHL101
        self.policy_opt.step()


agent = Agent()
for _ in range(2):
    agent.learn(torch.randn(6, 3), torch.randint(0, 2, (6,)), torch.randn(6))
