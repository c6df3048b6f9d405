import torch
import torch.nn as nn
import torch.nn.functional as F
net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
opts = {p: torch.optim.SGD([p], lr=0.1) for p in net.parameters()}


def hook(p):
    opts[p].step()
    opts[p].zero_grad()


for p in net.parameters():
    p.register_post_accumulate_grad_hook(hook)
x = torch.randn(3, 4)
out = net(x)
out.mean().backward(retain_graph=True)
out.pow(2).mean().backward()  # expect: MHL103
