from functools import lru_cache
import torch
import torch.nn as nn
enc = nn.Linear(2, 2)
data = {0: torch.randn(2), 1: torch.randn(2)}


@lru_cache(maxsize=None)
def encode(i):
    return enc(data[i]).tanh()


for epoch in range(2):
    encode.cache_clear()
    for i in data:
        encode(i).sum().backward()
