import torch
import torch.nn as nn


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 1.0).float()

    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        return grad / (1 + 10 * (v - 1.0).abs()) ** 2


class LIF(nn.Module):
    def __init__(self, n_in, n_out, decay=0.9):
        super().__init__()
        self.fc = nn.Linear(n_in, n_out)
        self.decay = decay
        self.mem = 0.0

    def reset(self):
        self.mem = 0.0

    def forward(self, x):
        self.mem = self.decay * self.mem + self.fc(x)
        spike = Spike.apply(self.mem)
        self.mem = self.mem * (1 - spike)
        return spike


net = nn.Sequential(LIF(6, 10), LIF(10, 3))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(2):
    x, label = torch.rand(4, 6), torch.randint(0, 3, (4,))
    for layer in net:
        layer.reset()
    counts = 0
    for t in range(5):
        counts = counts + net(x)
    loss = nn.functional.cross_entropy(counts, label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
