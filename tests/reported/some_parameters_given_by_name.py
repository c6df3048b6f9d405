import torch
from torch import nn
from torch.func import functional_call

net = nn.Linear(3, 1)
frozen_bias = {name: value.detach() for name, value in net.named_parameters() if name == "bias"}
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
for _ in range(2):
    loss = functional_call(net, frozen_bias, (torch.randn(2, 3),)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
