import torch
import torch.nn as nn

class Cfg:
    gan = False
    n = 2
    names = ['a']


net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
z = net(torch.randn(2, 3)).mean()
cfg = Cfg()
cfg.gan = False
if cfg.gan or Cfg.gan or cfg.n == 3 or getattr(cfg, 'missing', False) or hasattr(cfg, 'nope') or 'b' in cfg.names:
    z.backward()
z.backward()
