"""Looks like two losses of one model, but the two outputs come from separate networks."""
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Outputs(NamedTuple):
    policy: Tensor
    value: Tensor


class Both(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.pi = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
        self.v = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))

    def forward(self, obs: Tensor) -> Outputs:
        return Outputs(policy=self.pi(obs), value=self.v(obs))


model = Both()
pi_opt = torch.optim.Adam(model.pi.parameters(), lr=1e-3)
v_opt = torch.optim.Adam(model.v.parameters(), lr=1e-3)

for _ in range(3):
    obs, ret, act = torch.randn(5, 4), torch.randn(5), torch.randint(0, 2, (5,))
    out = model(obs)
    adv = (ret - out.value.squeeze(-1)).detach()
    v_loss = (out.value.squeeze(-1) - ret).pow(2).mean()
    pi_loss = (nn.functional.cross_entropy(out.policy, act, reduction="none") * adv).mean()
    v_opt.zero_grad()
    v_loss.backward()
    v_opt.step()
    pi_opt.zero_grad()
    pi_loss.backward()
    pi_opt.step()
