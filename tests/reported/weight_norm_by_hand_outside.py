import torch
import torch.nn as nn
import torch.nn.functional as F


class ArcMargin(nn.Module):
    """Cosine classifier; the normalised class weights are made once to save time."""

    def __init__(self, dim, n_classes, scale=8.0):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_classes, dim))
        self.normalised = F.normalize(self.weight)
        self.scale = scale

    def forward(self, features):
        return self.scale * F.linear(F.normalize(features), self.normalised)


def main():
    backbone = nn.Sequential(nn.Linear(5, 8), nn.PReLU(), nn.Linear(8, 4))
    margin = ArcMargin(4, 3)
    optimizer = torch.optim.SGD([*backbone.parameters(), *margin.parameters()], lr=0.1)
    for epoch in range(3):
        x, y = torch.randn(6, 5), torch.randint(0, 3, (6,))
        loss = F.cross_entropy(margin(backbone(x)), y)
        optimizer.zero_grad()
        loss.backward()  # expect: MHL101
        optimizer.step()


if __name__ == "__main__":
    main()
