import torch
import torch.nn as nn
import torch.nn.functional as F
class ClippedAdam(torch.optim.Adam):
    def __init__(self, params, lr=1e-3, clip=1.0):
        super().__init__(params, lr=lr)
        self.clip = clip

    def step(self, closure=None):
        for group in self.param_groups:
            torch.nn.utils.clip_grad_norm_(group["params"], self.clip)
        return super().step(closure)


a, c = nn.Linear(3, 2), nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 1))
ao, co = ClippedAdam(a.parameters()), ClippedAdam(c.parameters())
for _ in range(2):
    s, u = torch.randn(4, 3), torch.randn(4, 2)
    la = -c(torch.cat([s, a(s)], 1)).mean()
    lc = c(torch.cat([s, u], 1)).pow(2).mean()
    co.zero_grad(); lc.backward(); co.step()
    ao.zero_grad(); la.backward(); ao.step()  # expect: MHL103
