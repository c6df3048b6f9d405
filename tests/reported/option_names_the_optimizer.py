import argparse

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--opt", default="SGD")
args = vars(parser.parse_args())
net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
opt = getattr(torch.optim, args["opt"])(net.parameters(), lr=0.1)
out = net(torch.randn(3, 4))
first, second = out[:, 0].mean(), out[:, 1].mean()
first.backward(retain_graph=True)
opt.step()
second.backward()  # expect: MHL103
