"""One forward a step; which loss is walked depends on the step."""
import torch
import torch.nn as nn

encoder = nn.Sequential(nn.Linear(5, 10), nn.ReLU())
task_a, task_b = nn.Linear(10, 1), nn.Linear(10, 3)
opt = torch.optim.Adam([*encoder.parameters(), *task_a.parameters(), *task_b.parameters()], lr=1e-3)


def labels(x):
    return x[:, :3].argmax(1)


for i in range(6):
    x = torch.randn(4, 5)
    h = encoder(x)
    loss_a = (task_a(h) - x.sum(1, keepdim=True)).pow(2).mean()
    loss_b = nn.functional.cross_entropy(task_b(h), labels(x))
    opt.zero_grad()
    if i % 2 == 0:
        loss_a.backward()
    else:
        loss_b.backward()
    if i == 5:
        print("last", loss_a.item(), loss_b.item())
    opt.step()
