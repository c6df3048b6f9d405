import tempfile
import torch
import torch.nn as nn
import torch.distributed as dist
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.b1 = nn.Sequential(nn.Linear(6, 6), nn.ReLU())
        self.head = nn.Linear(6, 1)

    def forward(self, x):
        x = self.stem(x)
        for _ in range(2):
            x = checkpoint(self.b1, x, use_reentrant=True)
        return self.head(x)


dist.init_process_group("gloo", init_method=f"file://{tempfile.mktemp()}", rank=0, world_size=1)
net = nn.parallel.DistributedDataParallel(Net(), static_graph=True)
opt = torch.optim.SGD(net.parameters(), lr=0.01)
for _ in range(2):
    loss = net(torch.randn(3, 4)).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
