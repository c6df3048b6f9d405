from functools import lru_cache
import torch
import torch.nn as nn
class E(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
    @lru_cache
    def table(self):
        return self.fc.weight.softmax(-1)
    def forward(self, x):
        return x @ self.table()
e = E()
for i in range(2):
    E.table.cache_clear()
    e(torch.randn(1, 2)).sum().backward()
    e.table.cache_clear()
