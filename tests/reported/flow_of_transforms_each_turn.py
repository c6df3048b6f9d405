import torch
from torch import nn
from torch.distributions import AffineTransform, Normal, TanhTransform, TransformedDistribution

samples = torch.rand(64, 2) * 0.5
shift = nn.Parameter(torch.zeros(2))
log_stretch = nn.Parameter(torch.zeros(2))
optimizer = torch.optim.Adam([shift, log_stretch], lr=0.01)

for _ in range(4):
    transforms = [AffineTransform(shift, log_stretch.exp()), TanhTransform()]
    flow = TransformedDistribution(Normal(torch.zeros(2), torch.ones(2)), transforms)
    optimizer.zero_grad()
    loss = -flow.log_prob(samples).mean()
    loss.backward()
    optimizer.step()
