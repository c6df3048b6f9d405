import contextlib

import torch
import torch.nn as nn

net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4))
with contextlib.ExitStack() as st:
    st.enter_context(torch.no_grad())
    z = net(torch.randn(2, 3))
a, b = nn.Linear(4, 1), nn.Linear(4, 1)
a(z).mean().backward()
b(z).mean().backward()
