import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn


def endless(loader):
    while True:
        yield from loader


class Tuner(nn.Module):
    """A trainer that is a module itself: what it holds besides layers gives no graph."""

    def __init__(self, model: nn.Module, accelerator: Accelerator, dataset):
        super().__init__()
        self.accelerator = accelerator
        loader = torch.utils.data.DataLoader(dataset, batch_size=2)
        self.model, self.loader = self.accelerator.prepare(model, loader)
        self.optimizer = torch.optim.Adam(model.parameters())

    def loss(self, rows, labels):
        return F.cross_entropy(self.model(rows), labels)

    def forward(self, steps=4):
        batches = endless(self.loader)
        for _ in range(steps):
            self.model.train()
            rows, labels = next(batches)
            loss = self.loss(rows, labels)
            self.accelerator.backward(loss / 2)
            self.optimizer.step()
            self.optimizer.zero_grad()


def main(accelerator=None):
    dataset = torch.utils.data.TensorDataset(torch.randn(6, 4), torch.tensor([0, 1, 2, 0, 1, 2]))
    Tuner(nn.Linear(4, 3), accelerator or Accelerator(), dataset)()


if __name__ == "__main__":
    main()
