import torch
import torch.nn as nn


class SurrGrad(torch.autograd.Function):
    alpha = 2.0

    @staticmethod
    def forward(ctx, mem):
        ctx.save_for_backward(mem)
        return (mem > 0).float()

    @staticmethod
    def backward(ctx, grad_output):
        (mem,) = ctx.saved_tensors
        return grad_output / (1 + SurrGrad.alpha * mem.abs()) ** 2


spike_fn = SurrGrad.apply


class LIF(nn.Module):
    def __init__(self, n_in, n_out, beta=0.9):
        super().__init__()
        self.fc = nn.Linear(n_in, n_out)
        self.beta = beta

    def forward(self, x):
        mem = torch.zeros(x.size(1), self.fc.out_features)
        out = []
        for t in range(x.size(0)):
            mem = self.beta * mem + self.fc(x[t])
            spk = spike_fn(mem - 1.0)
            mem[spk.bool()] = 0.0
            out.append(spk)
        return torch.stack(out)


net = nn.Sequential(LIF(3, 6), LIF(6, 2))
opt = torch.optim.Adam(net.parameters())
x = torch.rand(5, 4, 3)
loss = nn.functional.cross_entropy(net(x).sum(0), torch.tensor([0, 1, 0, 1]))
opt.zero_grad()
loss.backward()
opt.step()
