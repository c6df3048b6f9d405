from dataclasses import dataclass

import torch
import torch.nn as nn


@dataclass
class Output:
    features: torch.Tensor
    kind: str


trunk, head, other = nn.Sequential(nn.Linear(3, 4), nn.Tanh()), nn.Linear(4, 1), nn.Linear(4, 1)
output = Output(trunk(torch.randn(2, 3)), "both")
match output:
    case Output(features=features, kind="both"):
        head(features).mean().backward(retain_graph=True)
        other(features).mean().backward()
