import torch
import torch.nn as nn


class Critic(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.q = nn.Sequential(nn.Linear(n_obs + n_act, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, obs, act):
        return self.q(torch.cat([obs, act], dim=-1))


class Actor(nn.Module):
    def __init__(self, n_obs, n_act):
        super().__init__()
        self.mu = nn.Sequential(nn.Linear(n_obs, 16), nn.ReLU(), nn.Linear(16, n_act))

    def forward(self, obs):
        return torch.tanh(self.mu(obs))
