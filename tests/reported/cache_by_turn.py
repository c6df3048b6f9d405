import torch
import torch.nn as nn

class S:
    def __init__(self):
        self.net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        self.cache = {}

    def get(self, k):
        if k not in self.cache:
            self.cache[k] = self.net(torch.randn(2, 3)).mean()
        return self.cache[k]


s = S()
for i in range(6):
    s.get(i).backward()
