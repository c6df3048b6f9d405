"""First-order meta-learning on sinusoids; the support loss is computed once per task, outside the inner loop."""
import math

import torch
import torch.nn.functional as F


def init(sizes):
    params = []
    for i, o in zip(sizes[:-1], sizes[1:]):
        params += [torch.randn(o, i) * 0.3, torch.zeros(o)]
    return [p.requires_grad_() for p in params]


def net(x, params):
    for w, b in zip(params[0:-2:2], params[1:-2:2]):
        x = F.relu(F.linear(x, w, b))
    return F.linear(x, params[-2], params[-1])


def task():
    amp, phase = 1 + 4 * torch.rand(1), math.pi * torch.rand(1)

    def sample(k):
        x = 10 * torch.rand(k, 1) - 5
        return x, amp * torch.sin(x + phase)

    return sample


meta = init([1, 10, 1])
optimizer = torch.optim.Adam(meta, lr=1e-3)

for iteration in range(2):
    sample = task()
    x_s, y_s = sample(5)
    fast = list(meta)
    loss = F.mse_loss(net(x_s, fast), y_s)
    for _ in range(3):
        grads = torch.autograd.grad(loss, meta)  # expect: MHL101
        fast = [p - 0.01 * g for p, g in zip(fast, grads)]
    x_q, y_q = sample(10)
    outer = F.mse_loss(net(x_q, fast), y_q)
    optimizer.zero_grad()
    outer.backward()
    optimizer.step()
