import torch
import torch.nn as nn


class MPNN(nn.Module):
    def __init__(self, d=4):
        super().__init__()
        self.msg, self.upd = nn.Linear(2 * d, d), nn.GRUCell(d, d)

    def forward(self, h, edges):
        for s, t in edges:
            m = torch.relu(self.msg(torch.cat([h[s], h[t]])))
            h[t] = self.upd(m[None], h[t][None])[0]
        return h


net, enc = MPNN(), nn.Linear(3, 4)
h = net(enc(torch.randn(4, 3)), [(0, 1), (1, 2), (2, 3), (3, 0)])
h.sum().backward()  # expect: MHL103
