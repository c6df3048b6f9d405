import torch
import torch.nn as nn


class LogisticRegression(nn.Module):
    def __init__(self, n_in):
        super().__init__()
        self.linear = nn.Linear(n_in, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


def train(n_epochs=3):
    model = LogisticRegression(5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    criterion = nn.BCELoss()
    x = torch.randn(20, 5)
    y = (x[:, :1] > 0).float()
    for epoch in range(n_epochs):
        y_pred = model(x)
        loss = criterion(y_pred, y)
        optimizer.zero_grad()
        loss.backward(retain_graph=True)  # expect: MHL203
        optimizer.step()
        print(epoch, loss.item())


if __name__ == "__main__":
    train()
