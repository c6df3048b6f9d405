import torch
import torch.nn as nn
import torch.nn.functional as F


class PrototypeClassifier(nn.Module):
    """Nearest class mean; the means move with an exponential average of the batch means."""

    def __init__(self, n_classes, dim, decay=0.9):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(5, dim), nn.ReLU(), nn.Linear(dim, dim))
        self.decay = decay
        self.n_classes = n_classes
        self.register_buffer("prototypes", torch.zeros(n_classes, dim))

    def forward(self, x, y):
        z = self.encoder(x)
        onehot = F.one_hot(y, self.n_classes).float()
        means = onehot.t() @ z / onehot.sum(0).clamp(min=1).unsqueeze(1)
        self.prototypes = self.decay * self.prototypes + (1 - self.decay) * means
        return -torch.cdist(z, self.prototypes)


def main():
    net = PrototypeClassifier(3, 8)
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(4):
        x, y = torch.randn(9, 5), torch.arange(9) % 3
        loss = F.cross_entropy(net(x, y), y)
        opt.zero_grad()
        loss.backward()  # expect: MHL102
        opt.step()
        print(step, float(loss))


main()
