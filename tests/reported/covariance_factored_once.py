import torch
from torch import nn
from torch.distributions import MultivariateNormal

points = torch.randn(32, 3)
lower = nn.Parameter(torch.eye(3))
covariance = nn.Parameter(torch.eye(3))

of_factor = MultivariateNormal(torch.zeros(3), scale_tril=lower)
of_factor.log_prob(points).sum().backward()
of_factor.log_prob(points).sum().backward()

of_covariance = MultivariateNormal(torch.zeros(3), covariance)
of_covariance.log_prob(points[:16]).sum().backward()
of_covariance.log_prob(points[16:]).sum().backward()  # expect: MHL101
