import torch
import torch.nn as nn

# per-sample weights, so the criterion must not reduce
criterion = nn.CrossEntropyLoss(reduction="none")


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, x):
        return self.fc(x)


def main():
    model = Classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    weights = torch.tensor([0.2, 0.4, 0.2, 0.2])
    for epoch in range(3):
        x, y = torch.randn(8, 10), torch.randint(0, 4, (8,))
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss = loss * weights[y]
        loss.backward()  # expect: MHL104
        optimizer.step()


if __name__ == "__main__":
    main()
