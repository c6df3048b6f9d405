import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    """Computes its losses itself and gives them back in one tensor, as code for several devices does."""

    def __init__(self):
        super().__init__()
        self.body = nn.Linear(5, 8)
        self.a, self.b = nn.Linear(8, 1), nn.Linear(8, 2)

    def forward(self, x, value, label):
        h = F.relu(self.body(x))
        return torch.stack([F.mse_loss(self.a(h), value), F.cross_entropy(self.b(h), label)])


def main():
    net = Net()
    opt = torch.optim.SGD(net.parameters(), lr=0.1)
    for epoch in range(2):
        losses = net(torch.randn(4, 5), torch.randn(4, 1), torch.randint(0, 2, (4,)))
        opt.zero_grad()
        losses.backward()  # expect: MHL104
        opt.step()


if __name__ == "__main__":
    main()
