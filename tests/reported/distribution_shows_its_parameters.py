import torch
import torch.nn.functional as F
from torch import nn
from torch.distributions import Categorical, Independent, Normal


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        self.place = nn.Linear(3, 2)
        self.log_scale = nn.Parameter(torch.zeros(2))

    def forward(self, x):
        return Independent(Normal(loc=self.place(x), scale=self.log_scale.exp()), 1)


head, chooser = Head(), nn.Linear(3, 4)
inputs, targets = torch.randn(8, 3), torch.randn(8, 2)

F.mse_loss(head(inputs).mean, targets).backward()
F.mse_loss(Normal(head.place(targets @ torch.ones(2, 3)), 1.0).mean, targets).backward()
Categorical(logits=chooser(inputs)).probs.square().sum().backward()
head(torch.randn(8, 3)).base_dist.loc.sum().backward()
head(torch.randn(8, 3)).base_dist.log_prob(targets).sum().backward()

places = nn.Parameter(torch.zeros(3))
draw = Normal(places, 1.0).rsample()
draw.sum().backward()
draw.sum().backward()

choice = Categorical(logits=chooser(torch.randn(8, 3)))
choice.probs.square().sum().backward()
choice.entropy().sum().backward()  # expect: MHL101
