"""Functional target network: the soft update is written with the live parameters."""
import torch
import torch.nn as nn
from torch.func import functional_call


class QNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(3, 10), nn.Linear(10, 2)

    def forward(self, s):
        return self.fc2(torch.relu(self.fc1(s)))


q = QNet()
target = {name: p.detach().clone() for name, p in q.named_parameters()}
opt = torch.optim.Adam(q.parameters(), lr=1e-3)
tau = 0.05

for step in range(4):
    s, r, s2 = torch.randn(5, 3), torch.randn(5), torch.randn(5, 3)
    a = torch.randint(0, 2, (5, 1))
    bootstrap = r + 0.9 * functional_call(q, target, (s2,)).max(1).values
    loss = (q(s).gather(1, a).squeeze(1) - bootstrap).pow(2).mean()
    opt.zero_grad()
    loss.backward()  # expect: MHL102
    opt.step()
    target = {name: tau * p + (1 - tau) * target[name] for name, p in q.named_parameters()}
