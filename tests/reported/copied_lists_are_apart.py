import copy

import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
a = [net(torch.randn(2, 3)).mean()]
b = copy.copy(a)
b.append(net(torch.randn(2, 3)).mean())
b[-1].backward()
c = list(a)
c.append(net(torch.randn(2, 3)).mean())
c[-1].backward()
d = a[:]
d.append(net(torch.randn(2, 3)).mean())
d[-1].backward()
e = a.copy()
e += [net(torch.randn(2, 3)).mean()]
e[-1].backward()
a[-1].backward()
