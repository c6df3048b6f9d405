import torch
from torch import nn


class Forecaster(nn.Module):
    def __init__(self, features=2, hidden=8, batch=3):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 1)
        self.hidden = (torch.zeros(1, batch, hidden), torch.zeros(1, batch, hidden))

    def forward(self, x):
        out, self.hidden = self.lstm(x, self.hidden)
        return self.head(out[:, -1])


def windows(n):
    series = torch.randn(3, 5 * n, 2)
    for k in range(n):
        yield series[:, 5 * k:5 * (k + 1)], torch.randn(3, 1)


def fit(model, n_epochs):
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    criterion = nn.MSELoss()
    history = []
    for epoch in range(n_epochs):
        for x, y in windows(3):
            optimiser.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()  # expect: MHL102
            optimiser.step()
            history.append(loss.item())
    return history


if __name__ == "__main__":
    print(fit(Forecaster(), 2))
