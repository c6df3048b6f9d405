import torch.nn as nn


class GatedBlock(nn.Module):
    def __init__(self, ch):
        super().__init__()
        self.conv = nn.Conv2d(ch, ch, 3, padding=1)
        self.gate = nn.Sequential(nn.Conv2d(ch, ch, 1), nn.Sigmoid())
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        h = self.act(self.conv(x))
        g = self.gate(h)
        return h * g
