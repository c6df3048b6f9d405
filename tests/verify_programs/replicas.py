"""DistributedDataParallel over gloo: started once a rank, or spawning its ranks itself with --spawn."""

import os
import sys

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn
from torch.nn.parallel import DistributedDataParallel


def train(rank, world):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=world)
    torch.manual_seed(1)
    trunk = DistributedDataParallel(nn.Sequential(nn.Linear(3, 4), nn.Tanh()))
    one, two = nn.Linear(4, 1), nn.Linear(4, 1)
    heads = [*one.parameters(), *two.parameters()]
    optimizer = torch.optim.SGD([*trunk.parameters(), *heads], lr=0.1)
    torch.manual_seed(rank)
    for _ in range(4):
        optimizer.zero_grad()
        z = trunk(torch.randn(5, 3))
        loss = one(z).pow(2).mean() + two(z).sin().mean()
        loss.backward()
        for parameter in heads:
            dist.all_reduce(parameter.grad)
            parameter.grad /= world
        optimizer.step()
    dist.destroy_process_group()


if __name__ == "__main__":
    if "--spawn" in sys.argv:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=sys.argv[-1])
        mp.spawn(train, args=(2,), nprocs=2, join=True)
    else:
        train(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
