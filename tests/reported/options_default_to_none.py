import torch
import torch.nn as nn
class Cfg(dict):
    def __init__(self, d=None, **kw):
        super().__init__()
        for k, v in {**(d or {}), **kw}.items():
            self[k] = Cfg(v) if isinstance(v, dict) else v
    def __getattr__(self, k):
        return self.get(k, None)
    __setattr__ = dict.__setitem__
    def keep(self):
        return self.train.retain
cfg = Cfg({"train": {"retain": True, "n": 2}, "debug": False}, name="x")
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
out = net(torch.randn(3, 2))
if cfg.debug or cfg.get("twice", False) or cfg.again or cfg.nothing is not None or "train" not in cfg:
    out.mean().backward()
out.mean().backward(retain_graph=cfg.keep())
if cfg["train"]["n"] == 3 or isinstance(cfg, list):
    out.mean().backward()
out.sum().backward()
