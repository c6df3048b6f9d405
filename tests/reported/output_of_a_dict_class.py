import torch
import torch.nn as nn


class Output(dict):
    pass


trunk, head, other = nn.Sequential(nn.Linear(3, 4), nn.Tanh()), nn.Linear(4, 1), nn.Linear(4, 1)
out = Output()
out["features"] = trunk(torch.randn(2, 3))
head(out["features"]).mean().backward()
other(out["features"]).mean().backward()  # expect: MHL101
