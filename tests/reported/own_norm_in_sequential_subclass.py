import torch
from torch import nn


class MaskedBatchNorm1d(nn.Module):
    def __init__(self, num_features, eps=1e-5, momentum=0.1):
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(num_features))
        self.bias = nn.Parameter(torch.zeros(num_features))
        self.register_buffer('running_mean', torch.zeros(num_features))
        self.register_buffer('running_var', torch.ones(num_features))

    def forward(self, x):
        if self.training:
            mean = x.mean(0)
            var = x.var(0, unbiased=False)
            self.running_mean = self.momentum * mean + (1 - self.momentum) * self.running_mean
            self.running_var = self.momentum * var + (1 - self.momentum) * self.running_var
        x = (x - self.running_mean) / torch.sqrt(self.running_var + self.eps)
        return x * self.weight + self.bias


class MLP(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 8), MaskedBatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


model = MLP()
model.train()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
loss_fn = nn.CrossEntropyLoss()
for batch, (X, y) in enumerate([(torch.randn(6, 4), torch.randint(2, (6,))) for _ in range(3)]):
    pred = model(X)
    loss = loss_fn(pred, y)
    optimizer.zero_grad()
    loss.backward()  # expect: MHL102
    optimizer.step()
