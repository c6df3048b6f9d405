from enum import Flag, Enum, auto
import torch
import torch.nn as nn


class Part(Flag):
    NONE = 0
    REC = auto()
    ADV = auto()
    KL = auto()


class Mode(Enum):
    TRAIN = "train"
    EVAL = "eval"


net = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
parts = Part.REC | Part.KL
out = net(torch.randn(2, 3))
if Part.REC in parts:
    out.mean().backward()
for m in Mode:
    if m is Mode.EVAL:
        continue
    out.sum().backward()  # expect: MHL101
