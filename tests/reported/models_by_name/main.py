import argparse

import models
import torch

parser = argparse.ArgumentParser()
parser.add_argument("--arch", default="small")
args = parser.parse_args()
net = models.__dict__[args.arch](width=2)
out = net(torch.randn(3, 4))
out.sum().backward()
out.mean().backward()  # expect: MHL101
