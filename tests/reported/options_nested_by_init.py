import torch
import torch.nn as nn
class Cfg(dict):
    def __init__(self, d=None, **kw):
        super().__init__()
        for k, v in {**(d or {}), **kw}.items():
            self[k] = Cfg(v) if isinstance(v, dict) else v
    def __getattr__(self, k):
        if k not in self:
            raise AttributeError(k)
        return self[k]
    __setattr__ = dict.__setitem__
    def keep(self):
        return self.train.retain
cfg = Cfg({"train": {"retain": True, "n": 2}, "debug": False}, name="x")
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
out = net(torch.randn(3, 2))
if cfg.debug or cfg.get("twice", False) or getattr(cfg, "again", None) or not hasattr(cfg, "name") or "train" not in cfg:
    out.mean().backward()
out.mean().backward(retain_graph=cfg.keep())
if cfg["train"]["n"] == 3 or isinstance(cfg, list):
    out.mean().backward()
out.sum().backward()
