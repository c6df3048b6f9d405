import torch
import torch.nn as nn
import torch.nn.functional as F
class Codes(torch.utils.data.Dataset):
    def __init__(self, n):
        self.codes = torch.randn(n, 3, requires_grad=True)

    def __len__(self):
        return len(self.codes)

    def __getitem__(self, i):
        return self.codes[i], i


ds = Codes(6)
dec = nn.Linear(3, 2).requires_grad_(False)
for z, i in torch.utils.data.DataLoader(ds, batch_size=2):
    dec(z).pow(2).mean().backward()
