import tempfile
import torch
import torch.nn as nn
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.checkpoint import checkpoint
class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6))
        self.first = nn.Linear(4, 4)
    def forward(self, a, b):
        a.requires_grad_(True)
        b.requires_grad_(True)
        a, b = self.first(a), self.first(b)
        za = checkpoint(self.enc, a, use_reentrant=True)
        zb = checkpoint(self.enc, b, use_reentrant=True)
        return (za - zb).pow(2)
dist.init_process_group("gloo", init_method=f"file://{tempfile.mktemp()}", rank=0, world_size=1)
model = DDP(M())
for _ in range(2):
    loss = model(torch.randn(3, 4), torch.randn(3, 4)).mean()
    loss.backward()  # expect: MHL105
