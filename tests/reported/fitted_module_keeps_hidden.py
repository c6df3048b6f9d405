import torch
from torch import nn
from skorch import NeuralNetRegressor


class Rnn(nn.Module):
    def __init__(self, hidden=6):
        super().__init__()
        self.gru = nn.GRU(2, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, 1)
        self.h = None

    def forward(self, X):
        out, self.h = self.gru(X, self.h)
        return self.fc(out[:, -1])


net = NeuralNetRegressor(Rnn, criterion=nn.MSELoss, max_epochs=2, lr=0.1, batch_size=4)
net.fit(torch.randn(8, 5, 2), torch.randn(8, 1))  # expect: MHL102
