"""The whole net under DistributedDataParallel, each of its outputs walked by itself: it raises at the second walk."""

import os
import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh())
        self.one, self.two = nn.Linear(4, 1), nn.Linear(4, 1)

    def forward(self, x):
        z = self.trunk(x)
        return self.one(z), self.two(z)


def train():
    torch.set_num_threads(1)
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    else:
        dist.init_process_group("gloo")
    torch.manual_seed(1)
    net = DistributedDataParallel(Net(), find_unused_parameters="--unused" in sys.argv)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    torch.manual_seed(rank)
    for _ in range(4):
        optimizer.zero_grad()
        one, two = net(torch.randn(5, 3))
        loss_one, loss_two = one.pow(2).mean(), two.sin().mean()
        loss_one.backward(retain_graph=True)
        loss_two.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        optimizer.step()
    dist.destroy_process_group()


train()
