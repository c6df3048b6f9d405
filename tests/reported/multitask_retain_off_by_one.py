import torch
import torch.nn as nn


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(5, 12), nn.GELU())

    def forward(self, x):
        return self.layers(x)


n_tasks = 3
trunk = Trunk()
heads = nn.ModuleList(nn.Linear(12, 1) for _ in range(n_tasks))
opt = torch.optim.SGD([*trunk.parameters(), *heads.parameters()], lr=0.01)


def train_step(x, targets):
    z = trunk(x)
    losses = [(head(z) - t).pow(2).mean() for head, t in zip(heads, targets)]
    opt.zero_grad()
    for i, loss in enumerate(losses):
        loss.backward(retain_graph=i < n_tasks - 2)  # expect: MHL101
    opt.step()
    return [loss.item() for loss in losses]


for step in range(3):
    x = torch.randn(4, 5)
    targets = torch.randn(n_tasks, 4, 1)
    values = train_step(x, targets)
    print(step, *("%.3f" % v for v in values))
