import torch
import torch.nn as nn
from torch.distributions import Categorical

eps_clip, K_epochs = 0.2, 4


class RolloutBuffer:
    def __init__(self):
        self.actions, self.states, self.logprobs, self.rewards = [], [], [], []

    def clear(self):
        del self.actions[:], self.states[:], self.logprobs[:], self.rewards[:]


class PPO:
    def __init__(self):
        self.buffer = RolloutBuffer()
        self.actor = nn.Sequential(nn.Linear(4, 12), nn.Tanh(), nn.Linear(12, 3), nn.Softmax(dim=-1))
        self.optimizer = torch.optim.Adam(self.actor.parameters(), lr=1e-3)

    def select_action(self, state):
        dist = Categorical(self.actor(state))
        action = dist.sample()
        self.buffer.states.append(state)
        self.buffer.actions.append(action)
        self.buffer.logprobs.append(dist.log_prob(action))
        return action.item()

    def update(self):
        rewards = torch.tensor(self.buffer.rewards)
        advantages = (rewards - rewards.mean()) / (rewards.std() + 1e-7)
        old_states = torch.stack(self.buffer.states)
        old_actions = torch.stack(self.buffer.actions)
        old_logprobs = torch.stack(self.buffer.logprobs)
        for _ in range(K_epochs):
            logprobs = Categorical(self.actor(old_states)).log_prob(old_actions)
            ratios = torch.exp(logprobs - old_logprobs)
            clipped = torch.clamp(ratios, 1 - eps_clip, 1 + eps_clip)
            loss = -torch.min(ratios * advantages, clipped * advantages).mean()
            self.optimizer.zero_grad()
            loss.backward()  # expect: MHL101
            self.optimizer.step()
        self.buffer.clear()


agent = PPO()
for episode in range(2):
    for t in range(6):
        agent.select_action(torch.randn(4))
        agent.buffer.rewards.append(float(t % 3))
    agent.update()
