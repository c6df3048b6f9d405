from collections import OrderedDict

import torch

w = torch.randn(4, requires_grad=True)
h = torch.tanh(w)
d = OrderedDict(a=h.sum(), b=torch.sin(w).sum(), c=h.mean())
d.popitem(last=False)[1].backward()
d.popitem()[1].backward()  # expect: MHL101
