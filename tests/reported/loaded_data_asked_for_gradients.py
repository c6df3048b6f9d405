import torch
import torch.nn as nn
import torch.nn.functional as F
class Img(torch.utils.data.Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return torch.randn(3), i % 2


net = nn.Sequential(nn.Linear(3, 8), nn.SiLU(), nn.Linear(8, 2)).requires_grad_(False)
loader = torch.utils.data.DataLoader(Img(), batch_size=2)
for x, y in loader:
    x = x.clone().requires_grad_(True)
    F.cross_entropy(net(x), y).backward()
for x, y in loader:
    x = torch.autograd.Variable(x, requires_grad=True)
    F.cross_entropy(net(x), y).backward()
for x, y in loader:
    x.requires_grad = True
    F.cross_entropy(net(x), y).backward()
for x, y in loader:
    x = nn.Parameter(x)
    F.cross_entropy(net(x), y).backward()
for batch in loader:
    x, y = [t for t in batch]
    x = x.to("cpu").requires_grad_()
    F.cross_entropy(net(x), y).backward()
for i, (x, y) in enumerate(loader):
    x, y = x.to("cpu"), y.to("cpu")
    x = x.float()
    x.requires_grad_()
    F.cross_entropy(net(x), y).backward()
for x, y in loader:
    delta = torch.zeros_like(x, requires_grad=True)
    F.cross_entropy(net(x + delta), y).backward()
for x, y in loader:
    delta = torch.zeros_like(x).uniform_(-1, 1)
    delta.requires_grad = True
    F.cross_entropy(net(x + delta), y).backward()
it = iter(loader)
x, y = next(it)
x.requires_grad_()
F.cross_entropy(net(x), y).backward()
