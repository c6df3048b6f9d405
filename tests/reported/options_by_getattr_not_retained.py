import torch
import torch.nn as nn


class AttrDict(dict):
    def __getattr__(self, k):
        try:
            return self[k]
        except KeyError:
            raise AttributeError(k)

    def __setattr__(self, k, v):
        self[k] = v


cfg = AttrDict(lr=0.1, retain=False, steps=2, opt=AttrDict(name="sgd"))
net = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
out = net(torch.randn(2, 3))
if cfg.opt.name == "sgd":
    opt = torch.optim.SGD(net.parameters(), lr=cfg.lr)
out.mean().backward(retain_graph=cfg.retain)
out.sum().backward()  # expect: MHL101
