import torch
from base import Base
from torch import nn


class Agent(Base):
    def build(self):
        self.body = nn.Linear(6, 6)
        self.policy = nn.Linear(6, 3)
        self.value = nn.Linear(6, 1)

    def collect(self):
        h = torch.tanh(self.body(torch.randn(4, 6)))
        return self.policy(h), self.value(h)

    def improve(self, policy, value):
        policy.mean().backward()
        value.mean().backward()  # expect: MHL101
