import torch
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.mix = nn.Linear(width, width)
        self.Adapter = nn.Sequential(nn.Linear(width, 2), nn.GELU(), nn.Linear(2, width))
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return x + self.gain * self.mix(x) + self.Adapter(x)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(8) for _ in range(2)])
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.blocks(x))


def freeze_all_but(model, part):
    for name, parameter in model.named_parameters():
        if part not in name:
            parameter.requires_grad = False
    return model


freeze_all_but(Encoder(), "Adapter")(torch.randn(4, 8)).mean().backward()
freeze_all_but(Encoder(), "blocks.1.gain")(torch.randn(4, 8)).mean().backward()
freeze_all_but(Block(8), "mix")(torch.randn(4, 8)).mean().backward()

by_module = Encoder()
for name, module in by_module.named_modules():
    for parameter in module.parameters(recurse=False):
        parameter.requires_grad = name.endswith(".mix")
by_module(torch.randn(4, 8)).mean().backward()

freeze_all_but(Encoder(), "adapter")(torch.randn(4, 8)).mean().backward()  # expect: MHL104
