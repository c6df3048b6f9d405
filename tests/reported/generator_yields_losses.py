import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, d=6):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(d, 10), nn.ELU())
        self.dec = nn.Linear(10, d)
        self.cls = nn.Linear(10, 2)


def losses(net, x, y):
    code = net.enc(x)
    yield "rec", (net.dec(code) - x).square().mean()
    yield "cls", nn.functional.cross_entropy(net.cls(code), y)
    yield "l2", 1e-3 * code.norm()


def train(net, steps):
    opt = torch.optim.Adam(net.parameters())
    log = {}
    for step in range(steps):
        x, y = torch.randn(4, 6), torch.randint(2, (4,))
        opt.zero_grad()
        for name, loss in losses(net, x, y):
            loss.backward()  # expect: MHL101
            log.setdefault(name, []).append(loss.item())
        opt.step()
    return log


if __name__ == "__main__":
    print(train(Net(), 3))
