"""Goes to another folder, knows its own file, and takes options that are named like mhlint's own."""

import argparse
import os
import sys
import tempfile

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=0)
parser.add_argument("rest", nargs="*")
options = parser.parse_args()
if options.steps > 9:
    sys.exit("too many steps")

os.chdir(tempfile.gettempdir())
assert os.path.isabs(__file__), __file__
assert not os.path.isabs(sys.argv[0]), sys.argv

trunk, one, two = nn.Linear(3, 4), nn.Linear(4, 1), nn.Linear(4, 1)
optimizer = torch.optim.SGD([*trunk.parameters(), *one.parameters(), *two.parameters()], lr=0.1)
for _ in range(options.steps):
    optimizer.zero_grad()
    z = trunk(torch.randn(5, 3)).tanh()
    one(z).pow(2).mean().backward(retain_graph=True)
    two(z).pow(2).mean().backward()
    optimizer.step()
