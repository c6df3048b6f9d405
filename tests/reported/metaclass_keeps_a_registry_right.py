import torch
import torch.nn as nn

REG = {}


class Registered(type):
    def __new__(mcs, name, bases, ns):
        cls = super().__new__(mcs, name, bases, ns)
        if name != "Base":
            REG[name.lower()] = cls
        return cls


class Base(metaclass=Registered):
    weight = 1.0

    def __call__(self, out, y):
        return self.weight * self.compute(out, y)


class Mse(Base):
    def compute(self, out, y):
        return (out - y).pow(2).mean()


class Mae(Base):
    weight = 0.5

    def compute(self, out, y):
        return (out - y).abs().mean()


net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
losses = [REG[k]() for k in ("mse", "mae")]
out, y = net(torch.randn(5, 3)), torch.randn(5, 1)
for l in losses:
    l(net(torch.randn(5, 3)), y).backward()
