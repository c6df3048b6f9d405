import torch
import torch.nn as nn
from torch.utils.data import Dataset, DataLoader


class Pairs(Dataset):
    def __init__(self, enc, n=6):
        self.enc = enc
        self.z = [enc(torch.randn(3)).tanh() for _ in range(n)]

    def __len__(self):
        return len(self.z)

    def __getitem__(self, i):
        return self.z[i]


enc, fc = nn.Linear(3, 4), nn.Linear(4, 1)
data = Pairs(enc)
for epoch in range(1):
    for z in DataLoader(data, batch_size=2, collate_fn=torch.stack, shuffle=True):
        fc(z).mean().backward()
