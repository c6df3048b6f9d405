# the dotted names of the parameters say what is frozen, and what the optimizer holds
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8))
        self.head = nn.Linear(8, 1)

    def forward(self, x):
        return self.head(self.body(x))


net = Net()
for name, parameter in net.named_parameters():
    parameter.requires_grad = name.startswith("body.2")
scores = net(torch.randn(3, 4))
scores.mean().backward()

net = Net()
for name, part in net.named_modules():
    if name == "body":
        part.requires_grad_(False)
features = net.body(torch.randn(3, 4))
for power in (1, 2):
    net.head(features).pow(power).mean().backward()

net = Net()
biases = [parameter for name, parameter in net.named_parameters() if name == "head.bias"]
opt = torch.optim.SGD(biases, lr=0.1)
first, second = net(torch.randn(3, 4)).mean(), net(torch.randn(3, 4)).mean()
first.backward()
opt.step()
second.backward()

opt = torch.optim.SGD([parameter for name, parameter in net.named_parameters() if name == "head.weight"], lr=0.1)
first, second = net(torch.randn(3, 4)).mean(), net(torch.randn(3, 4)).mean()
first.backward()
opt.step()
second.backward()  # expect: MHL103
