import torch
import torch.nn as nn


class Splat(torch.autograd.Function):
    @staticmethod
    def forward(ctx, ten_in, ten_flow):
        out = ten_in * ten_flow.cos()
        ctx.save_for_backward(ten_in, ten_flow)
        return out

    @staticmethod
    def backward(ctx, grad_out):
        ten_in, ten_flow = ctx.saved_tensors
        return grad_out * ten_flow.cos(), -grad_out * ten_in * ten_flow.sin()


class Interp(nn.Module):
    def __init__(self):
        super().__init__()
        self.feat = nn.Conv2d(3, 4, 3, padding=1)
        self.flow = nn.Conv2d(3, 4, 3, padding=1)
        self.act = nn.PReLU()
        self.out = nn.Conv2d(4, 3, 3, padding=1)

    def forward(self, frame):
        feat, flow = self.feat(frame), self.flow(frame)
        warped = Splat.apply(feat, flow)
        flow *= 20.0
        return self.out(self.act(warped) + flow.tanh())


net = Interp()
opt = torch.optim.Adamax(net.parameters())
x = torch.rand(1, 3, 6, 6)
loss = (net(x) - x).abs().mean()
opt.zero_grad()
loss.backward()  # expect: MHL103
opt.step()
