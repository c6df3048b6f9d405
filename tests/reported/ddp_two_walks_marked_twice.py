"""One process, but wrapped as for many."""
import tempfile

import torch
import torch.distributed as dist
import torch.nn as nn
from torch.nn.parallel import DistributedDataParallel as DDP


class TwoTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(5, 8), nn.ReLU())
        self.cls = nn.Linear(8, 3)
        self.reg = nn.Linear(8, 1)

    def forward(self, x):
        h = self.trunk(x)
        return self.cls(h), self.reg(h)


def main():
    dist.init_process_group("gloo", init_method="file://" + tempfile.mktemp(), rank=0, world_size=1)
    model = DDP(TwoTask())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(2):
        x, label, value = torch.randn(4, 5), torch.randint(0, 3, (4,)), torch.randn(4, 1)
        logits, estimate = model(x)
        cls_loss = nn.functional.cross_entropy(logits, label)
        reg_loss = nn.functional.mse_loss(estimate, value)
        optimizer.zero_grad()
        cls_loss.backward(retain_graph=True)
        reg_loss.backward()  # expect: MHL105
        optimizer.step()
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
