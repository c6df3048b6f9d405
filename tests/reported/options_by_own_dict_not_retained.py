import torch
import torch.nn as nn


class AttrDict(dict):
    def __init__(self, *args, **kwargs):
        super(AttrDict, self).__init__(*args, **kwargs)
        self.__dict__ = self


cfg = AttrDict(lr=0.1, retain=False, steps=2, opt=AttrDict(name="sgd"))
net = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
out = net(torch.randn(2, 3))
if cfg.opt.name == "sgd":
    opt = torch.optim.SGD(net.parameters(), lr=cfg.lr)
out.mean().backward(retain_graph=cfg.retain)
out.sum().backward()  # expect: MHL101
