import tempfile

import torch
import torch.nn as nn
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

distributed.init_process_group("gloo", init_method=f"file://{tempfile.mktemp()}", world_size=1, rank=0)


class Net(nn.Module):
    def __init__(self, n_outputs=2):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 6), nn.Tanh())
        self.decoders = nn.ModuleList(nn.Linear(6, 4) for _ in range(n_outputs))

    def forward(self, x):
        code = self.encoder(x)
        return [decoder(code) for decoder in self.decoders]


net = DistributedDataParallel(Net())
adam = torch.optim.Adam(net.parameters())

for batch in torch.randn(2, 3, 4):
    losses = [(out - batch).abs().mean() for out in net(batch)]
    adam.zero_grad()
    for i, loss in enumerate(losses):
        last = i == len(losses) - 1
        loss.backward(retain_graph=not last)  # expect: MHL105
    adam.step()

distributed.destroy_process_group()
