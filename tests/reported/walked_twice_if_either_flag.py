"""An extra walk behind either of two options: the finding says which option it needs."""

import argparse

import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--warmup", action="store_true")
parser.add_argument("--probe", action="store_true")
args = parser.parse_args(["--probe"])
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
loss = net(torch.randn(3, 4)).pow(2).mean()
if args.warmup or args.probe:
    loss.backward()
loss.backward()  # expect: MHL101
