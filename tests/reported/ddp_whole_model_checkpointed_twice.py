import tempfile
import torch
import torch.distributed as dist
import torch.nn as nn
from torch.nn.parallel import DistributedDataParallel as DDP
from torch.utils.checkpoint import checkpoint


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 4))

    def forward(self, a, b):
        a.requires_grad_(True)
        b.requires_grad_(True)
        za = checkpoint(self.enc, a, use_reentrant=True)
        zb = checkpoint(self.enc, b, use_reentrant=True)
        return za, zb


def main():
    dist.init_process_group("gloo", init_method=f"file://{tempfile.mktemp()}", rank=0, world_size=1)
    model = DDP(Siamese())
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        za, zb = model(torch.randn(3, 5), torch.randn(3, 5))
        loss = (za - zb).pow(2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
