# learned per-parameter learning rates; the fast weights are cut between the tasks
import torch
import torch.nn as nn
import torch.nn.functional as F

base = nn.Linear(3, 1)
log_lr = nn.Parameter(torch.full((1, 3), -3.0))
meta_opt = torch.optim.Adam([log_lr], lr=1e-2)

fast_w = base.weight.detach().clone().requires_grad_()


def get_batch():
    x = torch.randn(8, 3)
    return x, x @ torch.tensor([[1.0], [2.0], [3.0]])


for task in range(3):
    x, y = get_batch()
    inner = F.mse_loss(F.linear(x, fast_w, base.bias), y)
    (g,) = torch.autograd.grad(inner, fast_w, create_graph=True)
    fast_w = fast_w - log_lr.exp() * g
    x, y = get_batch()
    outer = F.mse_loss(F.linear(x, fast_w, base.bias), y)
    meta_opt.zero_grad()
    outer.backward()
    meta_opt.step()
    fast_w = fast_w.detach().requires_grad_()
    print(task, inner.item(), outer.item())
