import torch
from torch import nn
from skorch import NeuralNet


class RegularizedNet(NeuralNet):
    def __init__(self, *args, lambda1=0.01, **kwargs):
        super().__init__(*args, **kwargs)
        self.lambda1 = lambda1
        self.total = 0

    def get_loss(self, y_pred, y_true, X=None, training=False):
        loss = super().get_loss(y_pred, y_true, X=X, training=training)
        self.total += loss + self.lambda1 * sum([w.abs().sum() for w in self.module_.parameters()])
        return self.total


net = RegularizedNet(nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1)), criterion=nn.MSELoss)
net.fit(torch.randn(8, 3), torch.randn(8, 1))  # expect: MHL102
