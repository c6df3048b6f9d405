import tempfile
import torch
import torch.nn as nn
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.checkpoint import checkpoint


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ff = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 6))

    def forward(self, x):
        return x + self.ff(x)


class Shared(nn.Module):
    def __init__(self, depth=2):
        super().__init__()
        self.inp = nn.Linear(4, 6)
        self.block = Block()
        self.depth = depth
        self.out = nn.Linear(6, 1)

    def forward(self, x):
        x = self.inp(x)
        for _ in range(self.depth):
            x = checkpoint(self.block, x, use_reentrant=False)
        return self.out(x)


dist.init_process_group("gloo", init_method=f"file://{tempfile.mktemp()}", rank=0, world_size=1)
model = DDP(Shared())
opt = torch.optim.SGD(model.parameters(), lr=0.01)
for _ in range(2):
    loss = model(torch.randn(3, 4)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
