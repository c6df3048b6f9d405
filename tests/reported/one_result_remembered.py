from functools import lru_cache
import torch
import torch.nn as nn
enc = nn.Linear(2, 2)
@lru_cache(maxsize=1)
def encode(i):
    return enc(torch.ones(2) * i).tanh()
for epoch in range(2):
    for i in (0, 1):
        encode(i).sum().backward()
