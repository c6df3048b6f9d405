"""Linear probes on a backbone whose first block only is frozen."""
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


backbone = Backbone()
backbone.blocks[0].requires_grad_(False)
probes = nn.ModuleList([nn.Linear(8, 2) for _ in range(3)])
trainable = [p for p in backbone.parameters() if p.requires_grad]
optimizer = torch.optim.Adam([*trainable, *probes.parameters()], lr=1e-2)

for step in range(3):
    x, y = torch.randn(6, 8), torch.randint(0, 2, (6,))
    states = backbone(x)
    optimizer.zero_grad()
    for state, probe in zip(states, probes):
        loss = nn.functional.cross_entropy(probe(state), y)
        loss.backward()  # expect: MHL101
    optimizer.step()
