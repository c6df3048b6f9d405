import torch
import torch.nn as nn
import torch.nn.functional as F


class Gen(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(3, 10)
        self.fc2 = nn.Linear(10, 4)

    def forward(self, z):
        return torch.tanh(self.fc2(F.relu(self.fc1(z))))


class Disc(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 10)
        self.fc2 = nn.Linear(10, 1)

    def forward(self, x):
        return torch.sigmoid(self.fc2(F.relu(self.fc1(x))))


def train(epochs=2):
    g, d = Gen(), Disc()
    g_opt = torch.optim.SGD(g.parameters(), lr=0.05)
    d_opt = torch.optim.SGD(d.parameters(), lr=0.05)
    for _ in range(epochs):
        x = torch.randn(5, 4)
        fake = g(torch.randn(5, 3))
        d_real, d_fake = d(x), d(fake)
        d_loss = -(torch.log(d_real + 1e-8) + torch.log(1 - d_fake + 1e-8)).mean()
        g_loss = -torch.log(d_fake + 1e-8).mean()

        # both gradients first, both updates last; G's share of d_loss is thrown away
        d_grads = torch.autograd.grad(d_loss, list(d.parameters()), retain_graph=True)
        g_opt.zero_grad()
        g_loss.backward(inputs=list(g.parameters()))
        for p, grad in zip(d.parameters(), d_grads):
            p.grad = grad
        d_opt.step()
        g_opt.step()


if __name__ == "__main__":
    train()
