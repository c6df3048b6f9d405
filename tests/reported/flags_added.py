from enum import Flag, auto, IntFlag
import torch
import torch.nn as nn
class L(Flag):
    A = auto()
    B = auto()
    AB = A | B
class P(IntFlag):
    R = 4
    W = 2
net = nn.Sequential(nn.Linear(2, 2), nn.Tanh())
out = net(torch.randn(3, 2))
use = L.A
use |= L.B

if L.B in use or (use & L.B) or use == L.AB or (P.R | P.W) & 1 or bool(L(0)):
    out.mean().backward()
for part in L:
    if part in use and part is not L.A:
        out.mean().backward()  # expect: MHL101
out.sum().backward()
