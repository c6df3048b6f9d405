"""Trains a one-step simulator; the next input is the value of the model's own prediction."""
import torch
import torch.nn as nn


class Simulator(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(dim, 16), nn.Tanh(), nn.Linear(16, dim))

    def forward(self, state):
        return state + 0.1 * self.net(state)


def trajectory(length, dim=3):
    x = torch.randn(dim)
    for _ in range(length):
        x = x + 0.1 * torch.sin(x)
        yield x


def main():
    model = Simulator(3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(2):
        truth = list(trajectory(6))
        state = truth[0]
        for target in truth[1:]:
            prediction = model(state)
            loss = (prediction - target).pow(2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            state = prediction.data
        print(epoch, loss.item())


main()
