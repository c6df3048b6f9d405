import argparse
import torch
import torch.nn as nn

parser = argparse.ArgumentParser()
parser.add_argument("--no-retain", dest="retain", action="store_false")
parser.add_argument("--amp", action=argparse.BooleanOptionalAction, default=False)
parser.add_argument("--steps", type=int, default=2)
parser.add_argument("--name")
args = parser.parse_args([])
net = nn.Sequential(nn.Linear(3, 3), nn.Tanh())
out = net(torch.randn(2, 3))
out.mean().backward(retain_graph=args.amp)
out.sum().backward()  # expect: MHL101
