# the source itself says which flags are on: each first walk keeps its graph
import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--fresh", action="store_true")
parser.add_argument("--rate", type=float, default=0.1)
options = parser.parse_args(["--fresh"])
on = {"fresh", "amp"} & {"fresh"}

net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
loss = net(torch.randn(3, 4)).mean()
loss.backward()
if options.fresh:
    loss = net(torch.randn(3, 4)).mean()
loss.backward()
if "fresh" in on:
    loss = net(torch.randn(3, 4)).mean()
loss.backward()
