"""Linear probes on a frozen backbone: many walks, nothing shared that has a graph."""
import torch
import torch.nn as nn


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Sequential(nn.Linear(8, 8), nn.ReLU()) for _ in range(3)])

    def forward(self, x):
        states = []
        for block in self.blocks:
            x = block(x)
            states.append(x)
        return states


backbone = Backbone().eval()
backbone.requires_grad_(False)
probes = nn.ModuleList([nn.Linear(8, 2) for _ in range(3)])
optimizer = torch.optim.Adam(probes.parameters(), lr=1e-2)

for step in range(3):
    x, y = torch.randn(6, 8), torch.randint(0, 2, (6,))
    states = backbone(x)
    optimizer.zero_grad()
    for state, probe in zip(states, probes):
        loss = nn.functional.cross_entropy(probe(state), y)
        loss.backward()
    optimizer.step()
