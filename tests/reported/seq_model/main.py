import torch
import torch.nn as nn

from .encoder import StatefulEncoder


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = StatefulEncoder(3, 8)
        self.classifier = nn.Linear(8, 4)

    def forward(self, x):
        return self.classifier(self.encoder(x))


def run(n_epochs=2):
    model = Model()
    optim = torch.optim.Adam(model.parameters(), lr=1e-3)
    loss_fn = nn.CrossEntropyLoss()
    for epoch in range(n_epochs):
        model.encoder.reset()
        for _ in range(3):
            x, y = torch.randn(5, 2, 3), torch.randint(0, 4, (2,))
            optim.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()  # expect: MHL102
            optim.step()


if __name__ == "__main__":
    run()
