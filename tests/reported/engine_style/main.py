import torch
from torch import nn

from engine_style.engine import Engine


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
        self.a = nn.Linear(8, 1)
        self.b = nn.Linear(8, 1)

    def forward(self, x):
        h = self.body(x)
        return self.a(h), self.b(h)


net = Net()
engine = Engine(torch.optim.SGD(net.parameters(), lr=0.1))
for epoch in range(2):
    x, y = torch.randn(5, 4), torch.randn(5, 1)
    out_a, out_b = net(x)
    loss_a, loss_b = nn.functional.mse_loss(out_a, y), nn.functional.l1_loss(out_b, y)
    print(engine.update(loss_a, retain=True), engine.update(loss_b))
