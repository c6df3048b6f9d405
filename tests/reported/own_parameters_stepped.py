import torch
from torch import nn, optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(4))
        self.fc = nn.Linear(4, 1)

    def forward(self, x):
        return self.fc(torch.tanh(x * self.w))


net = Net()
opt = optim.SGD(net.parameters(False), lr=0.1)
x = torch.randn(3, 4)
loss = net(x).mean()
net.fc(torch.tanh(x)).mean().backward()
opt.step()
loss.backward()
