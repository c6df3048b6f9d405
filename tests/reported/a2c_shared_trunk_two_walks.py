import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Categorical


class ActorCritic(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.affine = nn.Linear(n_obs, 16)
        self.action_head = nn.Linear(16, n_act)
        self.value_head = nn.Linear(16, 1)

    def forward(self, x):
        x = F.relu(self.affine(x))
        return F.softmax(self.action_head(x), dim=-1), self.value_head(x)


class CartEnv:
    def reset(self):
        self.t = 0
        return torch.randn(4)

    def step(self, action):
        self.t += 1
        return torch.randn(4), 1.0, self.t >= 5


env, model = CartEnv(), ActorCritic(4, 2)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)

for episode in range(2):
    state, done = env.reset(), False
    log_probs, values, rewards = [], [], []
    while not done:
        probs, value = model(state)
        dist = Categorical(probs)
        action = dist.sample()
        state, reward, done = env.step(action.item())
        log_probs.append(dist.log_prob(action))
        values.append(value)
        rewards.append(reward)
    returns, R = [], 0
    for r in rewards[::-1]:
        R = r + 0.99 * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    values = torch.cat(values)
    advantage = returns - values.detach()
    policy_loss = -(torch.stack(log_probs) * advantage).sum()
    value_loss = F.smooth_l1_loss(values, returns)
    optimizer.zero_grad()
    policy_loss.backward()
    value_loss.backward()  # expect: MHL101
    optimizer.step()
